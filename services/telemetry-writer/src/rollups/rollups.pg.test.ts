import { readFile } from 'node:fs/promises'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { createRollupFixture, type RollupFixture } from '../testing/rollup-fixture.ts'
import { modelRollups } from '../testing/rollup-model.ts'
import { rollupLag } from './roll-up.ts'

let fixture: RollupFixture
let counter = 0
beforeAll(async () => {
  fixture = await createRollupFixture()
})
beforeEach(() => fixture.clear())
afterAll(() => fixture?.stop())

const HOUR = 3_600_000
const START = Date.UTC(2026, 9, 20, 9)

/** A reading of a device with a clock; times in milliseconds since 1970. */
function reading(measuredAt: number, energy: number, overrides: Partial<TelemetryMessage> = {}): TelemetryMessage {
  counter += 1
  return telemetryMessage({
    id: testId(counter),
    measured_at: new Date(measuredAt).toISOString(),
    received_at: new Date(measuredAt).toISOString(),
    measured_at_source: 'device',
    measurements: { energy },
    ...overrides,
  })
}
const late = (measuredAt: number, energy: number) =>
  reading(measuredAt, energy, { received_at: new Date(measuredAt + 40 * 24 * HOUR).toISOString() })

const column = async (unit: 'minute' | 'hour' | 'day', name: string) =>
  [...(await fixture.rollups(unit)).values()].map((row) => row[name])
const pending = async () => (await fixture.rows('select bucket from rollup_pending')).length

/** The backend of a round that waits for a lock on the table. */
const backendWaitingFor = (table: string) =>
  waitFor(
    async () => {
      const [waiting] = await fixture.rows<{ pid: number }>(
        `select pid from pg_locks where not granted and relation = $1::regclass`,
        [table],
      )
      return waiting?.pid
    },
    { what: `a round to wait for ${table}` },
  )

test('a late reading changes its minute, hour and day, also between others and across a reset of the counter', async () => {
  const early = [reading(START, 10), reading(START + 60_000, 12), reading(START + 2 * HOUR, 1)]
  await fixture.store(early)
  await fixture.rollUp()
  expect(await column('day', 'energy_delta')).toEqual([2 + 1])
  const more = [late(START + 30_000, 11), late(START + HOUR, 20)]
  await fixture.store(more)
  expect(await fixture.rollUp()).toBe(2)
  expect(await column('day', 'energy_delta')).toEqual([1 + 1 + 8 + 1])
  for (const unit of ['minute', 'hour', 'day'] as const) {
    expect(await fixture.rollups(unit)).toEqual(modelRollups([...early, ...more], unit))
  }
})

test('a late reading never makes a rollup of dropped readings poorer', async () => {
  await fixture.store([reading(START, 10), reading(START + 1_000, 11), reading(START + 60_000, 15)])
  await fixture.rollUp()
  await fixture.rows('drop table device_data_logs_20261020')
  await fixture.store([late(START + 2_000, 12)])
  await fixture.rollUp()
  expect(await column('minute', 'readings')).toEqual([2, 1])
  expect(await column('day', 'energy_delta')).toEqual([5])

  // A minute that had none is new knowledge, and its hour is made of all its minutes.
  await fixture.store([late(START + 5 * 60_000, 16)])
  await fixture.rollUp()
  expect(await column('hour', 'readings')).toEqual([4])
  expect(await column('hour', 'energy_delta')).toEqual([6])
})

test('a late reading does not take the place of another one that was dropped', async () => {
  await fixture.store([reading(START, 100), reading(START + 60_000, 101)])
  await fixture.rollUp()
  await fixture.rows('drop table device_data_logs_20261020')
  await fixture.store([late(START + 1_000, 1)])
  await fixture.rollUp()
  expect(await column('minute', 'energy_last')).toEqual([100, 101])
  expect(await column('day', 'energy_delta')).toEqual([1])
})

test("a device that leaves its socket and comes back consumes nothing meanwhile, and the handovers are the socket's", async () => {
  const device = (minute: number) => testId(minute >= 20 && minute < 40 ? 0xd02 : 0xd01)
  const messages = Array.from({ length: 60 }, (_, minute) =>
    reading(START + minute * 60_000, 10 + minute / 100, { device_id: device(minute) }),
  )
  await fixture.store(messages)
  await fixture.rollUp()
  for (const unit of ['hour', 'day'] as const) {
    const rows = await fixture.rollups(unit)
    const consumed = [...rows.values()].map((row) =>
      [row['energy_delta'], row['energy_handover']].map((kwh) => Number(kwh).toFixed(2)),
    )
    expect(consumed, unit).toEqual(
      expect.arrayContaining([
        ['0.38', '0.01'],
        ['0.19', '0.01'],
      ]),
    )
  }
})

test('an hour outlives its minutes, and a day its hours', async () => {
  await fixture.store([reading(START, 10), reading(START + 60_000, 15), reading(START + 2 * HOUR, 18)])
  await fixture.rollUp()
  await fixture.rows('drop table telemetry_rollups_1m_202610')
  fixture.partitions.forget()
  await fixture.store([late(START + 120_000, 16)])
  await fixture.rollUp()
  expect(await column('minute', 'readings')).toEqual([1])
  expect(await column('hour', 'readings')).toEqual([2, 1])
  expect(await column('day', 'energy_delta')).toEqual([8])

  await fixture.rows('drop table telemetry_rollups_1h_2026')
  fixture.partitions.forget()
  await fixture.store([late(START + 3 * HOUR, 20)])
  await fixture.rollUp()
  expect(await column('hour', 'readings')).toEqual([1])
  expect(await column('day', 'readings')).toEqual([3])
})

test('rounds of two writers beside two that store: one works at a time, and nothing is missed', async () => {
  const stored: TelemetryMessage[] = []
  const write = async (socket: number) => {
    for (let batch = 0; batch < 40; batch += 1) {
      const messages = Array.from({ length: 20 }, (_, index) =>
        reading(START + ((batch + index * 3) % 50) * 7_000, counter % 97, { socket_id: testId(socket) }),
      )
      await fixture.store(messages)
      stored.push(...messages)
    }
  }
  let writing = true
  let refused = 0
  const roll = async () => {
    while (writing) if ((await fixture.rollUp({ minutes: 2 })) === null) refused += 1
  }
  const rolling = [roll(), roll()]
  await Promise.all([write(0xa01), write(0xa01), write(0xa02)])
  writing = false
  await Promise.all(rolling)
  while ((await fixture.rollUp()) !== 0);
  expect(refused).toBeGreaterThan(0)
  for (const unit of ['minute', 'hour', 'day'] as const) {
    expect(await fixture.rollups(unit)).toEqual(modelRollups(stored, unit))
  }
})

test('killed in the middle of a round: the next one does all of it', async () => {
  const messages = [reading(START, 1), reading(START + HOUR, 3)]
  await fixture.store(messages)
  const obstacle = await fixture.database.pool.connect()
  try {
    // The round has taken its pending rows and written the minutes when it comes to the hours.
    await obstacle.query('begin; lock table telemetry_rollups_1h in share mode')
    // Expected before it is caused: a rejection that nobody waits for yet ends the test run.
    const failed = expect(fixture.rollUp()).rejects.toThrow()
    await fixture.rows('select pg_terminate_backend($1)', [await backendWaitingFor('telemetry_rollups_1h')])
    await failed
  } finally {
    await obstacle.query('rollback')
    obstacle.release()
  }
  expect([await pending(), await column('minute', 'readings')]).toEqual([2, []])
  expect(await fixture.rollUp()).toBe(2)
  expect(await fixture.rollups('day')).toEqual(modelRollups(messages, 'day'))
})

/** Sets how long ago the pending rows of a minute were recorded. */
const waited = (minute: number, seconds: number) =>
  fixture.rows(`update rollup_pending set recorded_at = now() - $1 * interval '1 second' where bucket = $2`, [
    seconds,
    new Date(minute),
  ])

test('takes a minute when it has ended and its readings have stopped coming, the newest first', async () => {
  const recent = Math.floor(Date.now() / 60_000) * 60_000 - 600_000
  await fixture.store([reading(recent, 1), reading(recent + 60_000, 2), reading(recent + 120_000, 3)])
  expect(await fixture.rollUp({ endedBy: recent + 180_000, quietSeconds: 30 })).toBe(0)
  expect(await fixture.rollUp({ endedBy: recent + 179_999, minutes: 1 })).toBe(1)
  expect(await column('minute', 'energy_last')).toEqual([2])
  // Readings that keep coming put it off, but not for ever.
  await waited(recent, 45)
  await fixture.store([reading(recent + 1, 1)])
  expect(await fixture.rollUp({ endedBy: recent + 150_000, quietSeconds: 30 })).toBe(0)
  await waited(recent, 61)
  await fixture.store([reading(recent + 2, 1)])
  expect(await fixture.rollUp({ endedBy: recent + 150_000, quietSeconds: 30 })).toBe(1)
  expect(await pending()).toBe(1)
})

test('a minute of long ago waits longer for its readings to stop coming', async () => {
  await fixture.store([late(START, 1)])
  await waited(START, 59)
  expect(await fixture.rollUp({ quietSeconds: 3 })).toBe(0)
  await waited(START, 61)
  expect(await fixture.rollUp({ quietSeconds: 3 })).toBe(1)
  await fixture.store([late(START, 1)])
  await waited(START, 599)
  await fixture.store([late(START, 1)])
  expect(await fixture.rollUp({ quietSeconds: 3 })).toBe(0)
  await waited(START, 601)
  await fixture.store([late(START, 1)])
  expect(await fixture.rollUp({ quietSeconds: 3 })).toBe(1)
})

test('the lag is how long the longest due minute has waited', async () => {
  const { pool } = fixture
  const lag = (quietSeconds: number, endedBy = Date.now()) => rollupLag(pool, { endedBy, quietSeconds })
  expect(await lag(0)).toBe(0)
  // Late data: it waits since it came, not since it was measured.
  await fixture.store([late(START, 1)])
  expect(await lag(0)).toBeLessThan(10)
  await waited(START, 300)
  expect(await lag(0)).toBeGreaterThan(299)
  expect(await lag(3)).toBeLessThan(250)
  expect(await lag(100)).toBe(0)
  expect(await lag(0, START)).toBe(0)
})

test("values that no meter shows are stored and left out, and fail nobody's round", async () => {
  const huge = { voltage: 1.7e308, current: -1.7e308, power_factor: 1, energy: 1.7e308 }
  await fixture.store([
    reading(START, 1, { measurements: huge }),
    reading(START + 1, 1, { measurements: huge }),
    reading(START + 2, 1, { measurements: { ...huge, energy: -1.7e308 } }),
    reading(START, 5, { socket_id: testId(0xa02) }),
  ])
  expect(await fixture.rollUp()).toBe(1)
  expect(await column('day', 'voltage_count')).toEqual([0, 0])
  expect(await column('day', 'power_factor_sum')).toEqual([3, null])
  expect(await column('day', 'energy_last')).toEqual([null, 5])
})

test('a clock that stands still costs no more with every day', async () => {
  const message = reading(START, 1)
  await fixture.store([message])
  await fixture.rows(`insert into device_data_logs (timestamp, id, measured_at, socket_id, data_json, measured_at_source, decoder, qos)
    select timestamp + n * interval '1 ms', gen_random_uuid(), measured_at, socket_id, '{}', 'device', decoder, qos
    from device_data_logs, generate_series(1, 50500) n`)
  expect(await fixture.rollUp()).toBe(1)
  expect((await column('minute', 'readings')).map(Number).reduce((sum, count) => sum + count)).toBe(50_000)
})

test('only one of two rounds at the same time gets to work', async () => {
  await fixture.store([reading(START, 1)])
  const blocked = await fixture.database.pool.connect()
  await blocked.query('begin; lock table telemetry_rollups_1m in share mode')
  const first = fixture.rollUp()
  await backendWaitingFor('telemetry_rollups_1m')
  expect(await fixture.rollUp()).toBeNull()
  await blocked.query('commit')
  blocked.release()
  expect(await first).toBe(1)
})

test('many sockets are rolled up slice by slice: what comes between is not missed, and a round that ends early is done again', async () => {
  const sockets = Array.from({ length: 250 }, (_, index) => testId(0xb000 + index))
  const messages = [0, 60_000].flatMap((offset) =>
    sockets.map((socket_id, index) => reading(START + offset, index, { socket_id })),
  )
  await fixture.store(messages)
  const minutesDone = async () => (await fixture.rollups('minute')).size
  const seen: number[] = []
  // As when the writer is stopped, or killed: what is computed stays, and all of it is still pending.
  await fixture.rollUp({}, async () => seen.push(await minutesDone()) < 2)
  expect(seen).toEqual([100, 200])
  expect(await pending()).toBe(2)

  const between = sockets.map((socket_id) => reading(START + 1_000, 1_000, { socket_id }))
  let slices = 0
  const whole = await fixture.rollUp({}, async () => {
    slices += 1
    if (slices === 3) await fixture.store(between)
    return true
  })
  expect([whole, slices, await pending()]).toEqual([2, 5, 1])
  expect(await fixture.rollUp()).toBe(1)
  for (const unit of ['minute', 'hour', 'day'] as const) {
    expect(await fixture.rollups(unit)).toEqual(modelRollups([...messages, ...between], unit))
  }
})

test('the time zone of a session changes nothing, neither by half hours nor by daylight saving', async () => {
  const elsewhere = await createRollupFixture({ timeZone: 'Australia/Lord_Howe' })
  try {
    expect(await elsewhere.rows('show timezone')).toEqual([{ TimeZone: 'Australia/Lord_Howe' }])
    // Clocks go back by half an hour there on 5 April 2026 at 02:00 and forward on 4 October, 15 hours UTC the day before.
    const messages = [Date.UTC(2026, 3, 4), Date.UTC(2026, 9, 3)].flatMap((start) =>
      Array.from({ length: 36 }, (_, index) => reading(start + index * HOUR + 1, index)),
    )
    await elsewhere.store(messages)
    await elsewhere.rollUp()
    for (const unit of ['minute', 'hour', 'day'] as const) {
      expect(await elsewhere.rollups(unit)).toEqual(modelRollups(messages, unit))
    }
  } finally {
    await elsewhere.stop()
  }
})

test('rollups that were deleted are computed again by the statement of docs/storage.md', async () => {
  const messages = [reading(START, 1), reading(START + 30_000, 2), reading(START + HOUR, 3), reading(START + HOUR, 4)]
  await fixture.store(messages)
  await fixture.rollUp()
  const before = await fixture.rollups('hour')
  await fixture.rows('truncate telemetry_rollups_1m, telemetry_rollups_1h, telemetry_rollups_1d')
  const statement = /```sql\n(insert into rollup_pending[\s\S]*?)```/.exec(await storageDocument())?.[1] ?? ''
  expect(statement).not.toBe('')
  await fixture.rows(statement)
  expect(await fixture.rollUp()).toBe(2)
  expect(await fixture.rollups('hour')).toEqual(before)
  expect(await fixture.rollups('day')).toEqual(modelRollups(messages, 'day'))
})

test('clocks of another century are stored and left out', async () => {
  await fixture.store([reading(START, 1, { measured_at: '1815-01-01T00:00:00.000Z' }), reading(START, 2)])
  expect(await fixture.rollUp()).toBe(1)
  expect(await column('day', 'readings')).toEqual([1])
})

test('a round that finds its partition missing fails, and the next one makes it', async () => {
  await fixture.store([reading(Date.UTC(2024, 0, 15), 1)])
  await fixture.partitions.ensureRollups([Date.UTC(2024, 0, 15)])
  await fixture.rows('drop table telemetry_rollups_1m_202401')
  await expect(fixture.rollUp()).rejects.toMatchObject({ code: '23514' })
  fixture.partitions.forget()
  expect(await fixture.rollUp()).toBe(1)
})

async function storageDocument(): Promise<string> {
  return await readFile(new URL('../../../../docs/storage.md', import.meta.url), 'utf8')
}
