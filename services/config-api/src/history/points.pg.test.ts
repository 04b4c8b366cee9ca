import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Body } from '../testing/api-client.ts'
import { type HistoryFixture, startHistoryFixture } from '../testing/history-fixture.ts'
import { type StoredReading, storedReading, storeReadings } from '../testing/stored-readings.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
let fixture: HistoryFixture
beforeAll(async () => {
  fixture = await startHistoryFixture(NOW)
})
afterAll(() => fixture.running.stop())

const at = (text: string) => new Date(`2026-11-${text}Z`)

test('the range decides how fine the answer is, and the answer says so', async () => {
  const { pdu, first } = await fixture.ward()
  const path = `/sockets/${first.id}/telemetry`
  const measurements = { voltage: 230 }
  await fixture.store([
    storedReading({ socketId: first.id, deviceId: null, measuredAt: at('23T11:50:00'), measurements }),
  ])
  const chosen = async (query: string) => {
    const { resolution, step, items } = await fixture.history(`${path}?${query}`)
    return [resolution, step, items.length]
  }
  expect(await chosen('from=2026-11-23T11:40:00Z')).toEqual(['raw', 'raw', 1])
  expect(await chosen('from=2026-11-23T06:00:00Z')).toEqual(['1m', '1m', 1])
  expect(await chosen('from=2026-11-01T00:00:00Z')).toEqual(['1h', '1h', 1])
  expect(await chosen('from=2026-01-01T00:00:00Z')).toEqual(['1d', '1d', 1])
  expect(await chosen('from=2026-11-23T06:00:00Z&step=6h')).toEqual(['1h', '6h', 1])
  expect(await chosen('from=2026-11-23T06:00:00Z&step=1d&timezone=Asia/Ho_Chi_Minh')).toEqual(['1h', '1d', 1])
  expect(await chosen('from=2026-11-23T11:40:00Z&agg=max')).toEqual(['1m', '1m', 1])
  expect(await chosen('to=2026-11-23T11:40:00Z')).toEqual(['raw', 'raw', 0])
  expect(await chosen('agg=max')).toEqual(['1h', '1h', 1])
  const total = await fixture.history(`/pdus/${pdu.id}/telemetry?from=2026-11-23T11:40:00Z`)
  expect(total).toMatchObject({ resolution: '1m', items: [{ sockets: 1 }] })
})

test('the current minute is there before it is rolled up, and nothing counts twice', async () => {
  const { first, device } = await fixture.ward()
  await fixture.stay(device.id, first.id, at('01T00:00:00'), null)
  const readings = Array.from({ length: 60 }, (_, index) =>
    storedReading({
      socketId: first.id,
      deviceId: device.id,
      measuredAt: new Date(NOW.getTime() - 600_000 + index * 10_000),
      measurements: { active_power: index, energy: 100 + index / 10, relay_on: index % 2 === 0 },
    }),
  )
  await fixture.store(readings, at('23T11:57:00'))
  for (const step of ['1m', '5m', '1h', '1d']) {
    const range = 'from=2026-11-23T11:00:00Z&to=2026-11-24T00:00:00Z'
    const path = `/mqtt/devices/${device.id}/telemetry`
    const { items } = await fixture.history(`${path}?${range}&step=${step}&agg=count,delta,last`)
    const sum = (name: string, aggregate: string) =>
      items.reduce((total: number, item: Body) => total + (item.measurements[name]?.[aggregate] ?? 0), 0)
    expect(
      items.reduce((total: number, item: Body) => total + item.readings, 0),
      step,
    ).toBe(60)
    expect(sum('active_power', 'count'), step).toBe(60)
    expect(sum('energy', 'delta'), step).toBeCloseTo(5.9, 6)
    expect(items.at(-1).measurements, step).toMatchObject({ active_power: { last: 59 }, relay_on: { last: false } })
  }
})

test('minutes that are rolled up later than newer ones are in every answer and on every page', async () => {
  const { first } = await fixture.ward()
  const minutes = [0, 3, 4, 5, 6, 7, 8]
  await fixture.store(
    minutes.map((minute) =>
      storedReading({
        socketId: first.id,
        deviceId: null,
        measuredAt: new Date(at('23T11:50:30').getTime() + minute * 60_000),
        measurements: { energy: 100 + minute },
      }),
    ),
    at('23T11:59:00'),
    at('23T11:57:00'),
  )
  const path = `/sockets/${first.id}/telemetry?from=2026-11-23T11:00:00Z&to=2026-11-23T12:00:00Z&agg=delta`
  const consumed = async () => {
    const sums: Record<string, number> = {}
    for (const step of ['1m', '1h', '1d']) {
      const { items } = await fixture.history(`${path}&step=${step}`)
      sums[step] = items.reduce((sum: number, item: Body) => sum + item.measurements.energy.delta, 0)
    }
    return sums
  }
  expect(await consumed()).toEqual({ '1m': 8, '1h': 8, '1d': 8 })
  // Of what comes before a range, too, minutes are known that are not rolled up.
  const { items: later } = await fixture.history(
    `${path}&step=1m`.replace('from=2026-11-23T11:00', 'from=2026-11-23T11:55'),
  )
  expect(later.map(({ measurements }: Body) => measurements.energy.delta)).toEqual([1, 1, 1, 1])
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: Body = await fixture.history(`${path}&step=1m&limit=1${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...page.items.map(({ timestamp }: Body) => timestamp.slice(14, 16)))
    cursor = page.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual(minutes.map((minute) => String(50 + minute)))
  // Between minutes that are rolled up, whose hour has reached over it.
  await fixture.store([], at('23T11:59:00'))
  const between = ['23T11:52:10', '23T11:52:50'].map((time, index) =>
    storedReading({
      socketId: first.id,
      deviceId: null,
      measuredAt: at(time),
      measurements: { energy: 101 + index },
    }),
  )
  await storeReadings(fixture.running.migrated.pool, between)
  expect(await consumed()).toEqual({ '1m': 8, '1h': 8, '1d': 8 })
})

test('a device that is off its socket for a while consumes nothing meanwhile, and the socket all of it', async () => {
  const { pdu, first, device } = await fixture.ward()
  await fixture.stay(device.id, first.id, at('20T00:00:00'), null)
  const other = '0190a6f0-0000-7000-8000-00000000beef'
  await fixture.store(
    Array.from({ length: 60 }, (_, minute) =>
      storedReading({
        socketId: first.id,
        deviceId: minute >= 20 && minute < 40 ? other : device.id,
        measuredAt: new Date(at('22T09:00:30').getTime() + minute * 60_000),
        measurements: { energy: 10 + minute / 100 },
      }),
    ),
  )
  const range = 'from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z'
  const consumed = async (place: string, step: string) => {
    const { items } = await fixture.history(`${place}/telemetry?${range}&step=${step}&agg=delta`)
    return items.reduce((sum: number, item: Body) => sum + item.measurements.energy.delta, 0)
  }
  for (const step of ['1m', '1h', '1d']) {
    expect(await consumed(`/sockets/${first.id}`, step), step).toBeCloseTo(0.59, 9)
    expect(await consumed(`/pdus/${pdu.id}`, step), step).toBeCloseTo(0.59, 9)
    expect(await consumed(`/mqtt/devices/${device.id}`, step), step).toBeCloseTo(0.38, 9)
  }
  const energy = async (place: string) => (await fixture.get(`${place}/energy?${range}&period=day`)).total.kwh
  expect(await energy(`/sockets/${first.id}`)).toBeCloseTo(0.59, 9)
  expect(await energy(`/mqtt/devices/${device.id}`)).toBeCloseTo(0.38, 9)
})

test('rows that were rolled up before there were handovers lose nothing', async () => {
  const { first, device } = await fixture.ward()
  await fixture.store(
    [0, 19, 40, 59].map((minute) =>
      storedReading({
        socketId: first.id,
        deviceId: minute < 30 ? device.id : null,
        measuredAt: new Date(at('22T09:00:30').getTime() + minute * 60_000),
        measurements: { energy: minute },
      }),
    ),
  )
  const range = 'from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z&agg=delta'
  const consumed = async (step: string) =>
    (await fixture.history(`/sockets/${first.id}/telemetry?${range}&step=${step}`)).items[0].measurements.energy.delta
  expect([await consumed('1h'), await consumed('1d')]).toEqual([59, 59])
  for (const table of ['telemetry_rollups_1h', 'telemetry_rollups_1d']) {
    await fixture.running.migrated.pool.query(`update ${table} set energy_handover = null`)
  }
  expect([await consumed('1h'), await consumed('1d')]).toEqual([59, 59])
})

test('a PDU and its department are totals of their sockets, by the rule of each quantity, or one series a socket', async () => {
  const { department, pdu, first, second } = await fixture.ward()
  const reading = (socket: Body, time: string, measurements: StoredReading['measurements']) =>
    storedReading({ socketId: socket.id, deviceId: null, measuredAt: at(time), measurements })
  const power = (P: number, S: number) => ({ active_power: P, apparent_power: S, power_factor: P / S })
  const cold = { current: 1, voltage: 230, temperature: 40, energy: 10, relay_on: false }
  const warm = { current: 3, voltage: 232, temperature: 42, energy: 10.5, relay_on: false }
  const hot = { current: 0.5, voltage: 225, temperature: 60, energy: 7, relay_on: true }
  await fixture.store([
    reading(first, '23T09:00:10', { ...power(100, 200), ...cold }),
    reading(first, '23T09:00:20', { ...power(300, 400), ...warm }),
    reading(second, '23T09:00:15', { ...power(50, 50), ...hot }),
    reading(second, '23T09:01:15', { ...power(70, 70), energy: 7.25 }),
  ])
  for (const path of [`/pdus/${pdu.id}`, `/departments/${department.id}`]) {
    const query = 'from=2026-11-23T09:00:00Z&to=2026-11-23T09:01:00Z&step=1m'
    const { items } = await fixture.history(`${path}/telemetry?${query}`)
    expect(items).toEqual([
      {
        timestamp: '2026-11-23T09:00:00.000Z',
        socket_id: null,
        sockets: 2,
        readings: 3,
        measurements: {
          active_power: { avg: 250 },
          apparent_power: { avg: 350 },
          power_factor: { avg: 0.714286 },
          current: { avg: 2.5 },
          voltage: { avg: 229 },
          temperature: { avg: 60 },
          energy: { delta: 0.5 },
          relay_on: { last: true },
        },
      },
    ])
    const named = 'measurements=active_power,voltage,temperature'
    const bounds = await fixture.history(`${path}/telemetry?${query}&agg=min,max,last&${named}`)
    expect(bounds.items[0].measurements).toEqual({
      active_power: { min: 150, max: 350, last: 350 },
      voltage: { min: 225, max: 232, last: 228.5 },
      temperature: { min: 40, max: 60, last: 60 },
    })
    const each = await fixture.history(`${path}/telemetry?${query}&group_by=socket&measurements=active_power,energy`)
    expect(each.items.map((item: Body) => [item.socket_id, item.measurements])).toEqual([
      [first.id, { active_power: { avg: 200 }, energy: { delta: 0.5 } }],
      [second.id, { active_power: { avg: 50 }, energy: { delta: 0 } }],
    ])
    const next = 'from=2026-11-23T09:01:00Z&to=2026-11-23T09:02:00Z&step=1m&agg=delta'
    const later = await fixture.history(`${path}/telemetry?${next}`)
    const delta = { energy: { delta: 0.25 } }
    expect(later.items[0]).toMatchObject({ sockets: 1, socket_id: second.id, measurements: delta })
  }
})

test('days begin at midnight of the time zone, also where that is half past', async () => {
  const { pdu, first } = await fixture.ward({ timezone: 'Asia/Kolkata' })
  // Midnight is 18:30 UTC.
  const readings = ['21T18:29:00', '21T18:31:00', '22T12:00:00', '22T18:29:59', '22T18:30:00'].map((time, index) =>
    storedReading({
      socketId: first.id,
      deviceId: null,
      measuredAt: at(time),
      measurements: { energy: index, active_power: 10 ** index },
    }),
  )
  await fixture.store(readings)
  const range = 'from=2026-11-20T18:30:00Z&to=2026-11-23T12:00:00Z'
  const path = `/pdus/${pdu.id}/telemetry?${range}&step=1d&agg=sum,delta`
  const inIndia = await fixture.history(path)
  expect(inIndia).toMatchObject({ timezone: 'Asia/Kolkata', resolution: '1h', step: '1d' })
  const days = inIndia.items.map(({ timestamp, measurements }: Body) => [
    timestamp,
    measurements.active_power.sum,
    measurements.energy.delta,
  ])
  expect(days).toEqual([
    ['2026-11-20T18:30:00.000Z', 1, 0],
    ['2026-11-21T18:30:00.000Z', 1_110, 3],
    ['2026-11-22T18:30:00.000Z', 10_000, 1],
  ])
  const inUtc = await fixture.history(`${path}&timezone=UTC`)
  expect(inUtc).toMatchObject({ timezone: 'UTC', resolution: '1d' })
  expect(inUtc.items.map((item: Body) => item.measurements.active_power.sum)).toEqual([11, 11_100])
})

test('a range that goes on for ever ends where readings end, in every page', async () => {
  const { first, second, device } = await fixture.ward()
  await fixture.stay(device.id, first.id, at('01T00:00:00'), null)
  const recent = [0, 1, 2].map((minute) =>
    storedReading({
      socketId: first.id,
      deviceId: device.id,
      measuredAt: new Date(NOW.getTime() - minute * 60_000),
      measurements: { voltage: 230 + minute },
    }),
  )
  await fixture.store(recent, at('23T11:00:00'))
  for (const [path, count] of [
    [`/mqtt/devices/${device.id}`, 3],
    [`/sockets/${first.id}`, 3],
    [`/sockets/${second.id}`, 0],
  ] as const) {
    let cursor: string | null = null
    let items = 0
    do {
      const range = `from=2026-11-23T11:50:00Z&to=2999-12-31T00:00:00Z&step=1m&limit=2`
      const page: Body = await fixture.history(`${path}/telemetry?${range}${cursor ? `&cursor=${cursor}` : ''}`)
      items += page.items.length
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(items, path).toBe(count)
  }
})

test('one late reading does not bring back the minutes that retention has dropped', async () => {
  const { first } = await fixture.ward()
  const { pool } = fixture.running.migrated
  const readings = Array.from({ length: 24 }, (_, hour) =>
    storedReading({
      socketId: first.id,
      deviceId: null,
      measuredAt: new Date(Date.UTC(2025, 5, 10, hour)),
      measurements: { energy: hour },
    }),
  )
  await fixture.store(readings)
  await pool.query('delete from telemetry_rollups_1m where socket_id = $1', [first.id])
  await pool.query(`insert into kept_history values ('telemetry_rollups_1m', '2025-10-20 12:00+00')`)
  fixture.setNow(new Date(NOW.getTime() + 61_000))
  const range = 'from=2025-06-10T00:00:00Z&to=2025-06-11T00:00:00Z'
  const chosen = await fixture.history(`/sockets/${first.id}/telemetry?${range}`)
  expect([chosen.resolution, chosen.items.length]).toEqual(['1h', 24])
  const india = 'from=2025-06-09T18:30:00Z&to=2025-06-10T18:30:00Z&step=1d&timezone=Asia/Kolkata&agg=count'
  const { items } = await fixture.history(`/sockets/${first.id}/telemetry?${india}`)
  expect(items.reduce((sum: number, item: Body) => sum + item.readings, 0)).toBe(19)
  await pool.query('delete from kept_history')
  fixture.setNow(NOW)
})

test('a cursor of a longer range gives an empty page', async () => {
  const { first } = await fixture.ward()
  const readings = ['21T09:00:00', '22T09:00:00', '23T09:00:00'].map((time) =>
    storedReading({ socketId: first.id, deviceId: null, measuredAt: at(time), measurements: { voltage: 230 } }),
  )
  await fixture.store(readings)
  for (const zone of ['UTC', 'Asia/Kolkata']) {
    const path = `/sockets/${first.id}/telemetry?from=2026-11-20T00:00:00Z&step=1d&timezone=${zone}&limit=2`
    const { next_cursor: cursor } = await fixture.history(path)
    expect(await fixture.history(`${path}&to=2026-11-21T00:00:00Z&cursor=${cursor}`), zone).toMatchObject({
      items: [],
      next_cursor: null,
    })
  }
})

test('pages of points hold each once, over holes, by time and by socket', async () => {
  const { pdu, first, second } = await fixture.ward()
  const readings: StoredReading[] = []
  for (const [index, socket] of [first, second].entries()) {
    for (const hour of [0, 1, 2, 400, 401, 1_000]) {
      const measuredAt = new Date(NOW.getTime() - hour * 3_600_000 - 1_800_000)
      const measurements = { voltage: hour + index }
      readings.push(storedReading({ socketId: socket.id, deviceId: null, measuredAt, measurements }))
    }
  }
  await fixture.store(readings)
  for (const [query, total] of [
    ['', 6],
    ['&group_by=socket', 12],
  ] as const) {
    for (const limit of [1, 2, 3, 5, 100]) {
      const seen: string[] = []
      let cursor: string | null = null
      let pages = 0
      do {
        const range = `from=2026-10-01T00:00:00Z&step=1h&limit=${limit}${query}`
        const page: Body = await fixture.history(
          `/pdus/${pdu.id}/telemetry?${range}${cursor ? `&cursor=${cursor}` : ''}`,
        )
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map((item: Body) => `${item.timestamp} ${item.socket_id ?? ''}`))
        cursor = page.next_cursor
        pages += 1
      } while (cursor !== null)
      expect(new Set(seen).size, `${query} ${limit}`).toBe(total)
      expect(seen).toEqual([...seen].sort())
      expect(pages).toBeLessThan(20)
    }
  }
})

// The last one: the fixture's own rollup, made for plausible values, would not take it.
test('a value that no meter shows fails no question about its ward before it is rolled up', async () => {
  const { first, second, pdu, device } = await fixture.ward()
  await fixture.stay(device.id, first.id, at('01T00:00:00'), null)
  const readings = [
    ...[1.7e308, 1.7e308, 0, 1.7e308].map((value, index) => ({ value, socketId: first.id, index })),
    ...[5, 7].map((value, index) => ({ value, socketId: second.id, index })),
  ].map(({ value, socketId, index }) =>
    storedReading({
      socketId,
      deviceId: socketId === first.id ? device.id : null,
      measuredAt: new Date(NOW.getTime() - 30_000 + index * 1_000),
      measurements: { active_power: value, energy: value },
    }),
  )
  await fixture.store(readings, at('23T11:00:00'))
  const range = 'from=2026-11-23T11:00:00Z&to=2026-11-24T00:00:00Z'
  const { items } = await fixture.history(`/pdus/${pdu.id}/telemetry?${range}&step=1h&agg=max,delta&group_by=socket`)
  expect(items.find((item: Body) => item.socket_id === second.id).measurements).toMatchObject({
    active_power: { max: 7 },
    energy: { delta: 2 },
  })
  expect(items.find((item: Body) => item.socket_id === first.id).measurements.active_power.max).toBe(0)
  const energy = (await fixture.running.api.get(`/pdus/${pdu.id}/energy?${range}&period=hour`)).body
  expect(JSON.stringify(energy)).toContain('"kwh":2')
})
