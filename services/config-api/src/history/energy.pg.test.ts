import { waitFor } from '@iomt/testing/wait-for'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { type HistoryFixture, startHistoryFixture } from '../testing/history-fixture.ts'
import { type StoredReading, storedReading } from '../testing/stored-readings.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
let fixture: HistoryFixture
beforeAll(async () => {
  fixture = await startHistoryFixture(NOW)
})
afterAll(() => fixture.running.stop())

const energy = (socket: Body, deviceId: string | null, time: string, kwh: number) =>
  storedReading({
    socketId: socket.id,
    deviceId,
    measuredAt: new Date(`2026-11-${time}Z`),
    measurements: { energy: kwh },
  })

/** `[kwh, complete]` of each period. */
const periods = (answer: Body) => answer.items.map((item: Body) => [item.kwh, item.complete])

test('consumption by hour with its cost; a counter that falls was reset', async () => {
  const { pdu, first: socket } = await fixture.ward()
  const readings: StoredReading[] = []
  let counter = 5
  for (let minute = 0; minute <= 180; minute += 5) {
    // A new meter starts at 0 at 9:30, and has counted 0.02 by its first reading.
    counter = minute === 90 ? 0.02 : counter + 0.1
    readings.push(
      energy(
        socket,
        null,
        `23T${String(8 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:00`,
        counter,
      ),
    )
  }
  await fixture.store(readings)
  const range = 'from=2026-11-23T08:00:00Z&to=2026-11-23T11:00:00Z'
  for (const path of [`/sockets/${socket.id}`, `/pdus/${pdu.id}`]) {
    const answer = await fixture.get(`${path}/energy?${range}&period=hour&price_per_kwh=2500&currency=VND`)
    expect(answer).toMatchObject({
      from: '2026-11-23T08:00:00.000Z',
      period: 'hour',
      timezone: 'UTC',
      price_per_kwh: 2_500,
      currency: 'VND',
      sockets: 1,
      total: { kwh: 3.42, cost: 8_550, coverage: 1, complete: true },
    })
    expect(periods(answer)).toEqual([
      [1.1, true],
      [1.12, true],
      [1.2, true],
    ])
    expect(answer.items[1]).toMatchObject({
      from: '2026-11-23T09:00:00.000Z',
      to: '2026-11-23T10:00:00.000Z',
      cost: 2_800,
    })
  }
  const { items } = await fixture.get(`/sockets/${socket.id}/telemetry?${range}&step=1h&measurements=energy`)
  expect(items.map((item: Body) => item.measurements.energy.delta)).toEqual([1.1, 1.12, 1.2])
})

test('where readings are missing nothing is lost: it counts when the counter is heard again, and the answer says so', async () => {
  const { first: socket } = await fixture.ward()
  const readings: StoredReading[] = []
  for (let minute = 0; minute < 60; minute += 10)
    readings.push(energy(socket, null, `20T10:${String(minute).padStart(2, '0')}:00`, 1 + minute / 100))
  for (let minute = 0; minute < 60; minute += 10)
    readings.push(energy(socket, null, `20T14:${String(minute).padStart(2, '0')}:00`, 9 + minute / 100))
  await fixture.store(readings)
  const answer = await fixture.get(
    `/sockets/${socket.id}/energy?from=2026-11-20T10:00:00Z&to=2026-11-20T15:00:00Z&period=hour`,
  )
  expect(periods(answer)).toEqual([
    [0.5, false],
    [null, false],
    [null, false],
    [null, false],
    [8, false],
  ])
  expect(answer.total).toMatchObject({ kwh: 8.5, complete: false, cost: null })
  expect(answer.total.coverage).toBeCloseTo(1 - 190 / 300, 3)
  expect(answer.items.map((item: Body) => item.coverage)).toEqual([0.8333, 0, 0, 0, 1])
  // The counter's last reading before the range is known, so that neighbouring ranges add up.
  const later = await fixture.get(
    `/sockets/${socket.id}/energy?from=2026-11-20T12:00:00Z&to=2026-11-20T15:00:00Z&period=month`,
  )
  expect(later.total.kwh).toBe(8)
})

test.each([
  ['hours', ['20T10', '20T11', '20T12']],
  ['days', ['18T10', '19T10', '20T10']],
])('a device has what went through its counters while it was there, not what others took for %s', async (_, hours) => {
  const { device, first, second } = await fixture.ward()
  const [before, meanwhile, after] = hours
  const other = newId()
  for (const socket of [first, second]) await fixture.stay(device.id, socket.id, new Date('2026-11-01T00:00:00Z'), null)
  await fixture.store([
    energy(first, device.id, `${before}:00:00`, 1),
    energy(first, device.id, `${before}:10:00`, 2),
    energy(first, other, `${meanwhile}:00:00`, 2),
    energy(first, other, `${meanwhile}:10:00`, 5),
    energy(second, device.id, `${meanwhile}:00:00`, 100),
    energy(second, device.id, `${meanwhile}:10:00`, 100.5),
    energy(first, device.id, `${after}:00:00`, 6),
    energy(first, device.id, `${after}:10:00`, 6.25),
  ])
  const consumed = async (place: string, from: string) => {
    const range = `from=${from}T00:00:00Z&to=2026-11-21T00:00:00Z&period=day`
    return (await fixture.get(`${place}/energy?${range}`)).total.kwh
  }
  expect(await consumed(`/mqtt/devices/${device.id}`, '2026-11-18')).toBe(1.75)
  // The counter itself has gone from 1 to 6.25.
  expect(await consumed(`/sockets/${first.id}`, '2026-11-18')).toBe(5.25)
  // The reading before the range may be another's, too.
  const own = (
    await fixture.get(`/mqtt/devices/${device.id}/energy?from=2026-11-${after}:00:00Z&to=2026-11-20T13:00:00Z`)
  ).total
  expect(own.kwh).toBe(0.25)
})

test('days and months are those of the PDU, over summer time, and add up to the whole', async () => {
  const { pdu, first } = await fixture.ward({ timezone: 'America/New_York' })
  const readings: StoredReading[] = []
  // Clocks went back on 1 November at 06:00 UTC: that day has 25 hours.
  const start = Date.parse('2026-10-31T00:00:00Z')
  for (let step = 0; step <= 4 * 24 * 12; step += 1) {
    readings.push(
      storedReading({
        socketId: first.id,
        deviceId: null,
        measuredAt: new Date(start + step * 300_000),
        measurements: { energy: step / 12 },
      }),
    )
  }
  await fixture.store(readings)
  const days = await fixture.get(`/pdus/${pdu.id}/energy?from=2026-10-31T04:00:00Z&to=2026-11-03T05:00:00Z`)
  expect(days.timezone).toBe('America/New_York')
  expect(days.items.map((item: Body) => [item.from, item.kwh])).toEqual([
    ['2026-10-31T04:00:00.000Z', 24],
    ['2026-11-01T04:00:00.000Z', 25],
    ['2026-11-02T05:00:00.000Z', 24],
  ])
  const months = await fixture.get(
    `/pdus/${pdu.id}/energy?from=2026-10-31T04:00:00Z&to=2026-11-03T05:00:00Z&period=month`,
  )
  expect(months.items.map((item: Body) => item.kwh)).toEqual([24, 49])
  expect([days.total.kwh, months.total.kwh]).toEqual([73, 73])
  const inIndia = await fixture.get(
    `/pdus/${pdu.id}/energy?from=2026-11-01T00:00:00Z&to=2026-11-03T00:00:00Z&timezone=Asia/Kolkata`,
  )
  expect(inIndia.items.map((item: Body) => item.kwh)).toEqual([18.5, 24, 5.5])
  // A day that begins within an hour is that day, without pieces of its neighbours.
  const range = { from: '2026-10-31T18:30:00.000Z', to: '2026-11-01T18:30:00.000Z' }
  const oneDay = await fixture.get(`/pdus/${pdu.id}/energy?from=${range.from}&to=${range.to}&timezone=Asia/Kolkata`)
  expect(oneDay).toMatchObject({ ...range, total: { kwh: 24, complete: true }, items: [{ ...range, kwh: 24 }] })
  const minutesMore = await fixture.get(
    `/pdus/${pdu.id}/energy?from=2026-10-31T18:20:00Z&to=2026-11-01T18:40:00Z&timezone=Asia/Kolkata`,
  )
  expect(minutesMore.items.map((item: Body) => item.kwh)).toEqual([0.5, 24, 0.5])
})

test('nothing that was never measured is a number', async () => {
  const { pdu, department } = await fixture.ward()
  for (const path of [`/pdus/${pdu.id}`, `/departments/${department.id}`]) {
    const answer = await fixture.get(`${path}/energy?from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z&price_per_kwh=1`)
    expect(answer).toMatchObject({ sockets: 0, total: { kwh: null, cost: null, coverage: 0, complete: false } })
    expect(periods(answer)).toEqual([
      [null, false],
      [null, false],
    ])
  }
  const { api } = fixture.running
  const path = `/pdus/${pdu.id}/energy`
  expect(problemOf(await api.get(`${path}?from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z`))).toBe(
    '400 /problems/invalid-request /from',
  )
  expect(problemOf(await api.get(`${path}?from=2020-01-01T00:00:00Z&period=hour`))).toBe(
    '400 /problems/invalid-request /period',
  )
  expect(problemOf(await api.get(`${path}?currency=EUR`))).toBe('400 /problems/invalid-request /currency')
  expect(problemOf(await api.get(`${path}?currency=euro&price_per_kwh=1`))).toBe(
    '400 /problems/invalid-request /currency',
  )
  expect(problemOf(await api.get(`${path}?price_per_kwh=-1`))).toBe('400 /problems/invalid-request /price_per_kwh')
  expect(problemOf(await api.get(`${path}?timezone=%2B07:00`))).toBe('400 /problems/invalid-request /timezone')
})

test('what would take minutes to add up is refused with how much can be asked for, and a range since ever is not', async () => {
  const { pdu, department, first } = await fixture.ward()
  const { api, migrated } = fixture.running
  await migrated.pool.query(
    `insert into sockets (id, pdu_id, socket_number) select gen_random_uuid(), $1, n from generate_series(3, 250) n`,
    [pdu.id],
  )
  await fixture.store([energy(first, null, '20T10:00:00', 1), energy(first, null, '20T11:00:00', 3)])
  const sinceEver = await fixture.get(`/departments/${department.id}/energy?from=1990-01-01T00:00:00Z&period=month`)
  expect(sinceEver).toMatchObject({ sockets: 1, total: { kwh: 2, complete: false } })
  await migrated.pool.query(
    `create table telemetry_rollups_1h_2020 partition of telemetry_rollups_1h
     for values from ('2020-01-01 00:00:00+00') to ('2021-01-01 00:00:00+00')`,
  )
  await migrated.pool.query(
    `insert into telemetry_rollups_1h (bucket, first_at, last_at, socket_id, readings)
     values ('2020-05-01 00:00:00+00', '2020-05-01 00:00:00+00', '2020-05-01 00:00:00+00', $1, 1)`,
    [first.id],
  )
  const path = `/departments/${department.id}/energy?period=month`
  const refused = await api.get(`${path}&from=1990-01-01T00:00:00Z`)
  expect(problemOf(refused)).toBe('400 /problems/invalid-request /from')
  expect(refused.body.detail).toBe('from is too early: of 250 sockets at most 666 days can be added up at once')
  const within = await fixture.get(`${path}&from=2022-06-01T00:00:00Z`)
  expect(within.total.kwh).toBe(2)
})

test('nothing more is read for a client that has left', async () => {
  const { first } = await fixture.ward()
  const { api, migrated, log } = fixture.running
  const client = await migrated.pool.connect()
  await client.query('begin; lock table telemetry_rollups_1d in access exclusive mode')
  const leaving = new AbortController()
  const headers = { authorization: `Bearer ${api.key}` }
  const asked = fetch(`${api.url}/sockets/${first.id}/energy`, { headers, signal: leaving.signal })
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
  await waitFor(async () => (await client.query(waiting)).rowCount === 1, { what: 'the question to wait' })
  leaving.abort()
  await expect(asked).rejects.toThrow('aborted')
  await waitFor(() => log().includes('the client left'), { what: 'the server to have seen it' })
  await client.query('rollback')
  client.release()
  await waitFor(() => log().includes('request given up'), { what: 'the end of the question' })
  expect(log()).not.toContain('"level":50')
})
