import type { Measurements } from '@iomt/contracts/measurements'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Body } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type HistoryFixture, startHistoryFixture } from '../testing/history-fixture.ts'
import { answerOf, binOf, type Expected, type PointsQuestion } from '../testing/points-model.ts'
import { type StoredReading, storedReading } from '../testing/stored-readings.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WORLDS = Number(process.env['HISTORY_RUNS'] ?? 8)
const QUESTIONS = 20

let fixture: HistoryFixture
beforeAll(async () => {
  fixture = await startHistoryFixture(new Date())
})
afterAll(() => fixture.running.stop())

/** Park and Miller's generator: a failure names the seed that repeats it. */
function generator(seed: number) {
  let state = seed
  const below = (limit: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % limit
  }
  return {
    below,
    pick: <Item>(items: readonly Item[]) => items[below(items.length)] as Item,
    chance: (percent: number) => below(100) < percent,
  }
}
type Random = ReturnType<typeof generator>

interface World {
  readonly pdu: Body
  readonly department: Body
  readonly device: Body
  readonly sockets: readonly Body[]
  readonly timeZone: string
  readonly readings: readonly StoredReading[]
}

/** Three sockets over some days: silences, resets, partial messages, a device that moves, others that come and go. */
async function createWorld(random: Random, start: number): Promise<World> {
  const { api } = fixture.running
  const timeZone = random.pick(['UTC', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe'])
  const { organization, department, pdu } = await createEstate(api, { timezone: timeZone })
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  const sockets: Body[] = []
  const readings: StoredReading[] = []
  const length = (1 + random.below(4)) * DAY
  const whole = random.chance(50)
  for (let number = 1; number <= 3; number += 1) {
    const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: number })
    sockets.push(socket)
    // One stay of the device on each socket, one after the other, and others before and after it.
    const third = length / 3
    const [from, to] = [random.below(third), random.below(third)]
      .sort((one, other) => one - other)
      .map((time) => Math.floor(third * (number - 1)) + time) as [number, number]
    await fixture.stay(device.id, socket.id, new Date(start + from), new Date(start + to))
    const [before, after] = random.chance(50) ? [null, newId()] : [newId(), null]
    // Others that are there for a moment, and the device back, within an hour or a day. A rollup knows when its last reading came, not
    // which measurements that one carried: beside rows of others only whole messages are summed up to the last digit.
    const visits = Array.from({ length: whole ? random.below(4) : 0 }, () => {
      const begin = random.below(length)
      return { begin, end: begin + random.below(random.pick([3 * MINUTE, 40 * MINUTE, 9 * HOUR])), visitor: newId() }
    })
    const visitorAt = (at: number) => visits.find(({ begin, end }) => at >= begin && at < end)?.visitor
    let counter = random.below(1_000) / 10
    for (let at = random.below(HOUR); at < length; at += nextInterval(random)) {
      counter = random.chance(3) ? random.below(10) / 100 : counter + random.below(100) / 1_000
      readings.push(
        storedReading({
          socketId: socket.id,
          deviceId: visitorAt(at) ?? (at < from ? before : at < to ? device.id : after),
          measuredAt: new Date(start + at),
          measurements: measurementsOf(random, counter, whole ? 100 : 0),
        }),
      )
    }
  }
  return { pdu, department, device, sockets, timeZone, readings }
}

function nextInterval(random: Random): number {
  if (random.chance(5)) return random.below(9 * HOUR) + 1
  return random.chance(50) ? random.below(40_000) + 1 : random.below(20 * MINUTE) + 1
}

function measurementsOf(random: Random, counter: number, atLeast: number): Measurements {
  const chance = (percent: number) => random.chance(Math.max(percent, atLeast))
  const measurements: Measurements = {}
  for (const name of ['voltage', 'current', 'active_power', 'apparent_power', 'power_factor', 'temperature'] as const) {
    if (chance(70)) measurements[name] = random.below(2_000) / 8 - 20
  }
  if (chance(80)) measurements.energy = counter
  if (chance(60)) measurements.relay_on = random.chance(50)
  return measurements
}

function ask(random: Random, world: World, start: number, end: number): PointsQuestion {
  const [socket] = [random.pick(world.sockets)]
  const place = random.pick(['device', 'socket', 'pdu', 'department', 'each'] as const)
  const path = {
    device: `/mqtt/devices/${world.device.id}`,
    socket: `/sockets/${socket.id}`,
    pdu: `/pdus/${world.pdu.id}`,
    department: `/departments/${world.department.id}`,
    each: `/pdus/${world.pdu.id}`,
  }[place]
  const step = random.pick(['1m', '5m', '15m', '1h', '6h', '1d', '2d', '7d'])
  const [one, other] = [start - HOUR + random.below(end - start), start - HOUR + random.below(end - start + DAY)]
  const zone = random.chance(30) ? 'Europe/Berlin' : place === 'device' ? 'UTC' : world.timeZone
  return {
    path,
    step,
    from: Math.min(one, other),
    to: Math.max(one, other) + MINUTE,
    zone,
    merge: place === 'device' ? 'device' : place === 'pdu' || place === 'department' ? 'total' : 'socket',
    sockets: place === 'socket' ? [socket.id] : world.sockets.map(({ id }) => id),
    deviceId: place === 'device' ? world.device.id : null,
  }
}

async function pagesOf(question: PointsQuestion, limit: number): Promise<Body[]> {
  const items: Body[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({
      from: new Date(question.from).toISOString(),
      to: new Date(question.to).toISOString(),
      step: question.step,
      timezone: question.zone,
      agg: 'avg,min,max,last,sum,count,delta',
      limit: String(limit),
      ...(question.merge === 'socket' && question.sockets.length > 1 ? { group_by: 'socket' } : {}),
      ...(cursor === null ? {} : { cursor }),
    })
    const body: Body = await fixture.history(`${question.path}/telemetry?${query}`)
    items.push(...body.items)
    cursor = body.next_cursor
  } while (cursor !== null)
  return items
}

test('points are what the readings say: any place, step, zone and range, rolled up or still open, in any pages', async () => {
  const seed = Number(process.env['HISTORY_SEED'] ?? 20_261_123)
  let compared = 0
  for (let world = 0; world < WORLDS; world += 1) {
    const random = generator(seed + world)
    // Around the days on which clocks change, too.
    const start =
      Date.parse(random.pick(['2026-03-07', '2026-10-31', '2026-04-04', '2026-11-20', '2026-12-30'])) +
      random.below(DAY)
    await fixture.running.migrated.pool.query('truncate device_data_logs')
    const made = await createWorld(random, start)
    const end = Math.max(...made.readings.map(({ measuredAt }) => measuredAt.getTime()))
    fixture.setNow(new Date(end + 1 + random.below(5 * MINUTE)))
    // The last minutes are not rolled up yet.
    await fixture.store(made.readings, new Date(Math.floor((end - random.below(4 * MINUTE)) / MINUTE) * MINUTE))
    for (let index = 0; index < QUESTIONS; index += 1) {
      const question = ask(random, made, start, end)
      const about = `HISTORY_SEED=${seed} world ${world} question ${index} ${JSON.stringify(question)}`
      const expected = answerOf(question, made.readings)
      const items = await pagesOf(question, random.pick(question.step.endsWith('m') ? [60, 2_000] : [3, 40]))
      const given = new Map<string, Expected>()
      for (const item of items) {
        const bin = binOf(question, Date.parse(item.timestamp))
        const { readings, sockets } = item
        const values: Expected = { readings, sockets }
        for (const [name, aggregates] of Object.entries(item.measurements as Body)) {
          for (const [aggregate, value] of Object.entries(aggregates as Body))
            values[`${name}.${aggregate}`] = value as number
        }
        given.set(question.merge === 'socket' ? `${bin} ${item.socket_id}` : String(bin), values)
      }
      expect([...given.keys()].sort(), about).toEqual([...expected.keys()].sort())
      for (const [key, values] of expected) {
        const rough = Object.fromEntries(
          Object.entries(values).map(([name, value]) => [
            name,
            typeof value === 'number' ? expect.closeTo(value, 4) : value,
          ]),
        )
        expect(given.get(key), `${about} ${key}`).toEqual(rough)
        compared += 1
      }
    }
  }
  expect(compared).toBeGreaterThan(WORLDS * 100)
}, 180_000)
