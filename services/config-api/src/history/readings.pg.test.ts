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

const cursorOf = (...place: string[]) => Buffer.from(JSON.stringify(place)).toString('base64url')
const at = (text: string) => new Date(`2026-11-${text}Z`)

test('a device is followed over its sockets; readings of others there are not its own', async () => {
  const { first, second, device } = await fixture.ward()
  await fixture.stay(device.id, first.id, new Date('2026-11-20T08:00:00Z'), new Date('2026-11-21T08:00:00Z'))
  await fixture.stay(device.id, second.id, new Date('2026-11-21T09:00:00Z'), null)
  const other = newId()
  const reading = (socketId: string, deviceId: string | null, time: string, power: number) =>
    storedReading({ socketId, deviceId, measuredAt: at(time), measurements: { active_power: power } })
  await fixture.store([
    reading(first.id, null, '20T07:00:00', 1),
    reading(first.id, device.id, '20T08:10:00', 10),
    reading(first.id, device.id, '21T07:50:00', 20),
    reading(second.id, other, '21T08:30:00', 99),
    reading(second.id, device.id, '21T09:10:00', 30),
    reading(first.id, other, '21T10:00:00', 99),
    reading(second.id, device.id, '21T10:30:00', 40),
    // Measured while it was still on the first socket, sent from the second one two days later.
    storedReading({
      socketId: second.id,
      deviceId: device.id,
      measuredAt: at('21T07:55:00'),
      receivedAt: at('23T10:00:00'),
      measurements: { active_power: 25 },
    }),
  ])
  const path = `/mqtt/devices/${device.id}/telemetry`
  const raw = await fixture.history(path)
  expect(raw).toMatchObject({ resolution: 'raw', step: 'raw', next_cursor: null })
  expect(raw.items.map((item: Body) => item.measurements.active_power)).toEqual([40, 30, 25, 20, 10])
  expect(raw.items[0]).toMatchObject({ socket_id: second.id, device_id: device.id, data_json: { active_power: 40 } })
  const hours = await fixture.history(
    `${path}?from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z&step=1h&measurements=active_power`,
  )
  expect(hours).toMatchObject({ resolution: '1h', step: '1h', timezone: 'UTC', next_cursor: null })
  const point = (time: string, socketId: string | null, sockets: number, readings: number, avg: number) => ({
    timestamp: `2026-11-${time}.000Z`,
    socket_id: socketId,
    sockets,
    readings,
    measurements: { active_power: { avg } },
  })
  expect(hours.items).toEqual([
    point('20T08:00:00', first.id, 1, 1, 10),
    point('21T07:00:00', null, 2, 2, 22.5),
    point('21T09:00:00', second.id, 1, 1, 30),
    point('21T10:00:00', second.id, 1, 1, 40),
  ])
})

test('every reading once, newest or oldest first, also those in one microsecond, and those long ago', async () => {
  const { first, device } = await fixture.ward()
  await fixture.stay(device.id, first.id, new Date('2026-09-01T00:00:00Z'), null)
  const readings: StoredReading[] = []
  for (let index = 0; index < 40; index += 1) {
    // Ten on each of four days that are ever farther apart; pairs in one millisecond.
    const days = [0, 1, 6, 60][Math.floor(index / 10)] as number
    const measuredAt = new Date(NOW.getTime() - days * 86_400_000 - 1_000 - Math.floor(index / 2))
    readings.push(
      storedReading({ socketId: first.id, deviceId: device.id, measuredAt, measurements: { voltage: index } }),
    )
  }
  await fixture.store(readings)
  await fixture.running.migrated.pool.query(
    `update device_data_logs set measured_at = measured_at + interval '7 microseconds'
    where socket_id = $1 and voltage::int % 4 = 1`,
    [first.id],
  )
  for (const path of [
    `/mqtt/devices/${device.id}/telemetry`,
    `/sockets/${first.id}/telemetry`,
    `/pdus/${first.pdu_id}/telemetry`,
  ]) {
    const seen: Record<string, string[]> = { asc: [], desc: [] }
    for (const order of ['asc', 'desc']) {
      let cursor: string | null = null
      do {
        const page: Body = await fixture.history(
          `${path}?step=raw&limit=7&order=${order}${cursor ? `&cursor=${cursor}` : ''}`,
        )
        seen[order]?.push(...page.items.map((item: Body) => item.id))
        cursor = page.next_cursor
      } while (cursor !== null)
    }
    expect(new Set(seen['desc']).size).toBe(40)
    expect(seen['asc']).toEqual(seen['desc']?.toReversed())
  }
  const inRange = await fixture.history(
    `/sockets/${first.id}/telemetry?from=2026-11-22T11:59:00Z&to=2026-11-23T12:00:00Z&step=raw&measurements=voltage`,
  )
  expect(inRange.items.map((item: Body) => item.measurements.voltage).sort((a: number, b: number) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, index) => index),
  )
})

/** Some of them are times for JavaScript and none for Postgres. */
const NO_TIMES = [
  ...['2026-13-01 00:00:00+00', '2026-02-30 12:00:00+00', '2026-04-31 00:00:00-23:59', '0000-01-01 00:00:00+00'],
  ...[
    '2026-01-01 00:00:00+20',
    '2026-01-01 00:00:00-17',
    '1.5',
    '1e3',
    '-',
    '',
    '99999999999999999',
    '-99999999999999999',
  ],
]

test('what cannot be asked for is refused with what can', async () => {
  const { api } = fixture.running
  const { pdu, first, device } = await fixture.ward()
  const stranger = await fixture.ward()
  const { id } = stranger.organization
  expect(id).toBeDefined()
  const cases: Record<string, string> = {
    'step=5s': '400 /problems/invalid-request /step',
    'step=1h&agg=mean': '400 /problems/invalid-request /agg',
    'step=1h&agg=delta&measurements=voltage': '400 /problems/invalid-request /agg',
    'step=raw&agg=avg': '400 /problems/invalid-request /agg',
    'measurements=volts': '400 /problems/invalid-request /measurements',
    'from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z': '400 /problems/invalid-request /to',
    'from=0001-01-01T00:00:00Z': '400 /problems/invalid-request /from',
    'from=2027-01-01T00:00:00Z&step=1h': '400 /problems/invalid-request /from',
    'step=1d&timezone=Mars/Olympus': '400 /problems/invalid-request /timezone',
    'step=1h&order=desc': '400 /problems/invalid-request /order',
    'limit=10001': '400 /problems/invalid-request /limit',
    'group_by=socket': '400 /problems/invalid-request /group_by',
    'cursor=WzFd': '400 /problems/invalid-cursor /cursor',
    ...Object.fromEntries(
      NO_TIMES.map((time) => [`cursor=${cursorOf(time, newId())}`, '400 /problems/invalid-cursor /cursor']),
    ),
    [`cursor=${cursorOf('1h', '999999999999999', '')}`]: '400 /problems/invalid-cursor /cursor',
    [`step=1d&cursor=${cursorOf('1h', '1', '')}`]: '400 /problems/invalid-cursor /cursor',
    'format=csv&cursor=WyIxaCIsIjEiLCIiXQ': '400 /problems/invalid-request /cursor',
  }
  for (const [query, problem] of Object.entries(cases)) {
    expect(problemOf(await api.get(`/sockets/${first.id}/telemetry?${query}`)), query).toBe(problem)
  }
  const message = (await api.get(`/sockets/${first.id}/telemetry?step=1h&agg=mean`)).body.detail
  expect(message).toBe('agg names no aggregate: mean; known are avg, min, max, last, sum, count, delta')
  for (const path of [
    `/mqtt/devices/${newId()}`,
    `/sockets/${device.id}`,
    `/pdus/${first.id}`,
    `/departments/${pdu.id}`,
  ]) {
    expect(problemOf(await api.get(`${path}/telemetry`)), path).toBe('404 /problems/not-found')
    expect(problemOf(await api.get(`${path}/energy`)), path).toBe('404 /problems/not-found')
  }
})
