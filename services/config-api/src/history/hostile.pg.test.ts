import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HistoryFixture, startHistoryFixture } from '../testing/history-fixture.ts'
import { type StoredReading, storedReading } from '../testing/stored-readings.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
let fixture: HistoryFixture
const paths: string[] = []
beforeAll(async () => {
  fixture = await startHistoryFixture(NOW)
  const { first, pdu, department, device } = await fixture.ward({ timezone: 'Asia/Kolkata' })
  await fixture.stay(device.id, first.id, new Date('2026-11-01T00:00:00Z'), null)
  const readings: StoredReading[] = []
  for (let hour = 0; hour < 100; hour += 1) {
    const measuredAt = new Date(NOW.getTime() - hour * 3_500_000)
    const measurements = { voltage: 230, energy: 100 - hour, relay_on: true }
    readings.push(storedReading({ socketId: first.id, deviceId: device.id, measuredAt, measurements }))
  }
  await fixture.store(readings)
  for (const place of [
    `mqtt/devices/${device.id}`,
    `sockets/${first.id}`,
    `pdus/${pdu.id}`,
    `departments/${department.id}`,
  ]) {
    paths.push(`/${place}/telemetry`, `/${place}/energy`)
  }
})
afterAll(() => fixture.running.stop())

const place = (...parts: string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
const UUID = '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10'
const time = fc.constantFrom(
  ...['2026-11-23T11:59:00Z', '2026-11-20T00:00:00+05:30', '1970-01-01T00:00:00Z', '1969-12-31T23:59:59Z'],
  ...['9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z', '2026-11-23T12:00:00.0001Z', '2999-12-31T23:59:59-14:00', 'x'],
)
const parameters = {
  from: time,
  to: time,
  step: fc.constantFrom('raw', '1m', '7m', '59m', '1h', '5h', '1d', '3d', '366d', '99999m', '0h', '1e3m', ''),
  agg: fc.constantFrom('avg', 'delta', 'last,count', 'min,max,sum', 'median', ',', '__proto__'),
  measurements: fc.constantFrom('voltage', 'energy,relay_on', 'temperature', 'x', 'constructor'),
  order: fc.constantFrom('asc', 'desc', 'up'),
  group_by: fc.constantFrom('socket', 'pdu'),
  timezone: fc.constantFrom(
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'UTC',
    'Africa/Cairo',
    '+07:00',
    "'; --",
    'Etc/GMT+12',
  ),
  format: fc.constantFrom('json', 'csv', 'ndjson', 'xml'),
  limit: fc.constantFrom('1', '2', '10000', '0', '-1', '1e2', '9999999999'),
  period: fc.constantFrom('hour', 'day', 'month', 'year'),
  price_per_kwh: fc.constantFrom('0.2', '0', '-1', '1e308', 'NaN'),
  currency: fc.constantFrom('EUR', 'eur'),
  cursor: fc.constantFrom(
    ...[
      place('1795435200000000', UUID),
      place('-62135596800000000', UUID),
      place('32503680000000000', UUID),
      place('99999999999999999', UUID),
      place('2026-02-30 12:00:00+00', UUID),
      place('2026-01-01 00:00:00+20', UUID),
    ],
    ...[place('1h', '0', ''), place('1d', '999999999999999', UUID), place('1m', '1795435200000', ''), 'x', place('9d')],
  ),
}
const NAMES = Object.keys(parameters) as (keyof typeof parameters)[]

test('whatever is asked of history, it is answered or refused with a problem, in bounded time', async () => {
  const counts: Record<number, number> = {}
  const query = fc
    .subarray(NAMES, { maxLength: 4 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, parameters[name]]))))
  const requests = fc.sample(fc.tuple(fc.nat(7), query), {
    numRuns: 1_500,
    seed: Number(process.env['FUZZ_SEED'] ?? 20_261_123),
  })
  for (const [index, given] of requests) {
    const url = `${paths[index]}?${new URLSearchParams(given as Record<string, string>)}`
    const { status, headers } = await fixture.running.api.get(url)
    counts[status] = (counts[status] ?? 0) + 1
    expect(status === 200 || status === 400, `${url} -> ${status}`).toBe(true)
    if (status === 400) expect(headers.get('content-type'), url).toContain('application/problem+json')
  }
  // The questions must reach both sides, or the test says nothing.
  expect(counts[200]).toBeGreaterThan(200)
  expect(counts[400]).toBeGreaterThan(200)
}, 120_000)
