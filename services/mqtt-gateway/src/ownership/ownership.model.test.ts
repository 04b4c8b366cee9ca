import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSimulatedPool } from './simulation/simulated-pool.ts'

/** Schedules to try, about 10 s of them; breaking the code on purpose was found after 1 to 1,900. A night's run sets more. */
const RUNS = Number(process.env.MODEL_RUNS ?? 1_500)
const PARTITIONS = 5
/** Milliseconds after the last fault in which everything is owned again: a death, a listing, and the moves that follow. */
const SETTLED_AFTER = 20_000

const step = fc.record({
  after: fc.integer({ min: 0, max: 5_000 }),
  who: fc.nat(7),
  length: fc.integer({ min: 50, max: 12_000 }),
  what: fc.constantFrom(
    'join',
    'join',
    'stop',
    'kill',
    'restart',
    'duplicate',
    'freeze',
    'freeze',
    'cut',
    'cut',
    'bad-weather',
    'bad-weather',
    'clock-jump',
    'lose-members',
    'lose-leases',
  ),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

async function runSchedule(seed: number, steps: readonly Step[]): Promise<void> {
  const pool = createSimulatedPool({ seed, partitions: PARTITIONS })
  let named = 0
  let lost: Step['what'] | null = null
  const name = () => {
    named += 1
    return `gateway-${named}`
  }
  pool.start(name())
  pool.start(name())
  for (const { after, who, length, what } of steps) {
    await pool.run(after)
    const running = pool.running()
    const member = running[who % Math.max(1, running.length)]
    if (what === 'join' && running.length < 5) pool.start(name())
    else if (what === 'bad-weather') {
      Object.assign(pool.weather, { loss: (who % 4) * 0.12, slow: (who % 3) * 0.15 })
      pool.time.after(length, () => Object.assign(pool.weather, { loss: 0, slow: 0 }))
    } else if (what === 'lose-members' || what === 'lose-leases') {
      // Both lost while a member joins looks to that member like the very first start, when it must not wait: then only the
      // broker's takeover keeps two owners apart, and the model says nothing.
      lost ??= what
      if (lost === 'lose-leases') pool.loseLeases()
      else pool.memberStore.lose()
    } else if (what === 'clock-jump') pool.jumpWallClock((who - 4) * 3_600_000)
    if (!member) continue
    if (what === 'stop') pool.stop(member)
    else if (what === 'kill') member.process.kill()
    else if (what === 'duplicate') pool.start(member.gateway)
    else if (what === 'restart') {
      member.process.kill()
      pool.start(member.gateway)
    } else if (what === 'freeze') {
      member.process.freeze()
      pool.time.after(length, member.process.resume)
    } else if (what === 'cut') {
      member.link.cut()
      pool.time.after(length, member.link.heal)
    }
  }
  // Quiet: every fault has ended by itself after 12 s.
  await pool.run(12_000 + SETTLED_AFTER)
  expect(pool.unsettled()).toEqual([])
}

/**
 * Schedules that found a mistake once. Where a comment speaks of equal revisions: since then, revisions of a bucket that was lost mean
 * nothing in the one that was made again.
 */
const FOUND: [number, Step[]][] = [
  // Two processes with one id begin by turns in a lost bucket: the one that loses must say so instead of starting for ever.
  [
    -708_379_665,
    [
      { after: 3_672, who: 0, length: 50, what: 'join' },
      { after: 2_593, who: 1, length: 3_994, what: 'bad-weather' },
      { after: 3_935, who: 0, length: 50, what: 'duplicate' },
      { after: 0, who: 0, length: 50, what: 'lose-members' },
      { after: 35, who: 0, length: 50, what: 'lose-members' },
    ],
  ],
  // Cut off while the leases were lost: in the new bucket a lease of somebody else had the revision of the old one of ours.
  [
    -24,
    [
      { after: 478, who: 0, length: 3_184, what: 'cut' },
      { after: 177, who: 0, length: 50, what: 'lose-leases' },
      { after: 966, who: 0, length: 50, what: 'join' },
    ],
  ],
  // A life that was not in the lost bucket came back into it by a beat with the right revision by chance; a process that had
  // looked in between called it over three seconds later.
  [
    0,
    [
      { after: 624, who: 3, length: 50, what: 'duplicate' },
      { after: 0, who: 0, length: 50, what: 'lose-members' },
      { after: 53, who: 0, length: 50, what: 'lose-members' },
      { after: 3_094, who: 0, length: 50, what: 'lose-members' },
    ],
  ],
  // To a second process with its id, a life in the new bucket seemed to have stood still since the old one: by chance its key had
  // the revision of the one that was last seen there.
  [
    -41_386_594,
    [
      { after: 1_390, who: 0, length: 50, what: 'join' },
      { after: 4_448, who: 1, length: 50, what: 'stop' },
      { after: 399, who: 0, length: 50, what: 'restart' },
      { after: 2_446, who: 3, length: 7_196, what: 'bad-weather' },
      { after: 617, who: 0, length: 50, what: 'lose-members' },
      { after: 3_285, who: 0, length: 50, what: 'duplicate' },
      { after: 1_071, who: 0, length: 50, what: 'lose-members' },
    ],
  ],
  // A handover that was sent before the leases were lost, and arrived afterwards, freed a lease that somebody else had by then.
  [
    -1_820_355_593,
    [
      { after: 121, who: 0, length: 3_137, what: 'cut' },
      { after: 1_494, who: 0, length: 50, what: 'lose-leases' },
      { after: 493, who: 0, length: 1_150, what: 'cut' },
      { after: 1_150, who: 0, length: 50, what: 'join' },
    ],
  ],
  // A take that was on its way when the leases were lost made a lease in the new bucket. Its maker gave it up, and took it again as
  // its own while another held the partition by the bucket before.
  [-1_409_312_257, [{ after: 66, who: 0, length: 50, what: 'lose-leases' }]],
]

test('whatever happens: never two owners, epochs only grow, and everything is owned again soon after', {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 12 }), runSchedule), {
    numRuns: RUNS,
    examples: FOUND,
    ...(process.env.MODEL_SEED ? { seed: Number(process.env.MODEL_SEED) } : {}),
  })
})

test('a join and a leave move at most 1.15 × partitions/N on average, each partition once', async () => {
  const partitions = 64
  const pools = 12
  const moved = { join: 0, leave: 0 }
  for (let seed = 1; seed <= pools; seed += 1) {
    const pool = createSimulatedPool({ seed, partitions })
    for (let member = 0; member < 3; member += 1) pool.start(`gateway-${seed}-${member}`)
    await pool.run(10_000)
    const atStart = pool.acquisitions
    const joined = pool.start(`gateway-${seed}-joined`)
    await pool.run(20_000)
    expect(pool.unsettled()).toEqual([])
    const afterJoin = pool.acquisitions
    pool.stop(joined)
    await pool.run(20_000)
    expect(pool.unsettled()).toEqual([])
    moved.join += afterJoin - atStart
    moved.leave += pool.acquisitions - afterJoin
  }
  for (const total of Object.values(moved)) expect(total / pools).toBeLessThanOrEqual((1.15 * partitions) / 4)
})
