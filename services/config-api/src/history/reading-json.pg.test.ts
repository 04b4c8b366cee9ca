import { MEASUREMENT_NAMES, NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import fc from 'fast-check'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unstorablePart } from '../http/plain-json.ts'
import { expectStatus } from '../testing/estate.ts'
import { type HistoryFixture, startHistoryFixture } from '../testing/history-fixture.ts'
import { storedReading, storeReadings } from '../testing/stored-readings.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
/** Together several pieces of text. */
const READINGS = 400
let fixture: HistoryFixture
beforeAll(async () => {
  fixture = await startHistoryFixture(NOW)
})
afterAll(() => fixture.running.stop())

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => unstorablePart(value) === null)
const storable = fc.jsonValue({ stringUnit: 'binary' }).filter((value) => unstorablePart(value) === null)
const object = fc.dictionary(text, storable, { maxKeys: 4 }).filter((value) => unstorablePart(value) === null)
const nullable = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 5e-324, 1e-5, 1.7976931348623157e308, -1e100, 2 ** 53 + 2, Number.NaN),
)
const microseconds = fc.integer({ min: 0, max: 86_399_999_999 })
const stored = fc.record({
  received: microseconds,
  // Null: when it was received.
  measured: nullable(fc.tuple(fc.constantFrom('1970-01-01', '2026-11-22', '2026-11-23', '2999-12-31'), microseconds)),
  phases: nullable(object),
  extra: nullable(object),
  quality: nullable(fc.array(text, { maxLength: 3 })),
  retained: fc.boolean(),
  qos: fc.constantFrom(0, 1, 2),
  decoder: text,
  payload: fc.oneof(storable, object, fc.constant({ 'ключ "': '\\ 😀'.repeat(300) })),
  numbers: fc.tuple(...NUMERIC_MEASUREMENTS.map(() => nullable(number))),
  relay: nullable(fc.boolean()),
})

/** What the API tells of a row, made by the driver's own parsers and `JSON.stringify`. */
function readingOf(row: Record<string, unknown>) {
  const told = MEASUREMENT_NAMES.filter((name) => typeof row[name] === 'boolean' || Number.isFinite(row[name]))
  return {
    id: row['id'],
    timestamp: row['timestamp'],
    measured_at: row['measured_at'],
    socket_id: row['socket_id'],
    device_id: row['device_id'],
    measurements: Object.fromEntries(told.map((name) => [name, row[name]])),
    phases: row['phases'],
    extra: row['extra'],
    quality: row['quality'] ?? [],
    retained: row['retained'],
    qos: row['qos'],
    decoder: row['decoder'],
    data_json: row['data_json'],
  }
}

test('whatever was stored is told as JSON.stringify would tell it, key by key, on pages of any length', async () => {
  const { first, device } = await fixture.ward()
  const socketId: string = first.id
  await fixture.stay(device.id, socketId, new Date('1970-01-01T00:00:00Z'), null)
  await fixture.store([storedReading({ socketId, deviceId: null, measuredAt: new Date('2026-11-23T11:00:00Z') })])
  const { pool } = fixture.running.migrated
  const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_123)
  for (const [index, reading] of fc.sample(stored, { numRuns: READINGS, seed }).entries()) {
    const day = reading.measured?.[0] ?? '2026-11-23'
    await pool.query(
      `insert into device_data_logs (id, socket_id, device_id, timestamp, measured_at, phases, extra, quality, retained, qos,
         decoder, data_json, relay_on, measured_at_source, ${NUMERIC_MEASUREMENTS.join(', ')})
       values ($1, $2, $3, timestamptz '2026-11-23 00:00:00+00' + $4 * interval '1 microsecond',
         $5::timestamptz + $6 * interval '1 microsecond', $7, $8, $9, $10, $11, $12, $13, $14, 'device',
         ${NUMERIC_MEASUREMENTS.map((_, place) => `$${15 + place}`).join(', ')})`,
      [
        ...[newId(), socketId, index % 3 === 0 ? null : device.id],
        ...[reading.received, `${day} 00:00:00+00`, reading.measured?.[1] ?? reading.received],
        ...[reading.phases, reading.extra].map((value) => value && JSON.stringify(value)),
        ...[reading.quality, reading.retained, reading.qos, reading.decoder, JSON.stringify(reading.payload)],
        ...[reading.relay, ...reading.numbers],
      ],
    )
  }
  const { rows } = await pool.query('select * from device_data_logs where socket_id = $1 order by measured_at, id', [
    socketId,
  ])
  const ofSocket = rows.map(readingOf)
  const ofDevice = ofSocket.filter(({ device_id: id }) => id === device.id)
  expect(rows.length).toBe(READINGS + 1)
  expect(Buffer.byteLength(JSON.stringify(ofDevice))).toBeGreaterThan(3 * 65_536)
  const { api } = fixture.running
  for (const [path, expected] of [
    [`/sockets/${socketId}/telemetry`, ofSocket],
    [`/mqtt/devices/${device.id}/telemetry`, ofDevice],
  ] as const) {
    for (const limit of [1, expected.length - 1, expected.length, expected.length + 1]) {
      const url = `${path}?step=raw&order=asc&limit=${limit}`
      const { text: answer, headers } = expectStatus(200, await api.get(url))
      const { items, next_cursor: next } = JSON.parse(answer)
      expect(JSON.stringify(items), url).toBe(JSON.stringify(expected.slice(0, limit)))
      expect(next === null, url).toBe(limit >= expected.length)
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(headers.get('content-length')).toBe(String(Buffer.byteLength(answer)))
    }
    const lines = expectStatus(200, await api.get(`${path}?step=raw&format=ndjson`)).text
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line: string) => JSON.stringify(JSON.parse(line))),
    ).toEqual(expected.map((reading) => JSON.stringify(reading)))
  }
})

test('both times of a reading are told, be they one, a microsecond apart or years', async () => {
  const { first } = await fixture.ward()
  const { api, migrated } = fixture.running
  const times = [
    ['2026-11-23T08:00:00Z', '2026-11-23T08:00:00Z'],
    ['2026-11-23T08:00:01.5Z', '2026-11-23T08:00:01.5Z'],
    ['2026-11-23T08:00:02.123456Z', '2026-11-23T08:00:02.123456Z'],
    ['2026-11-23T08:00:03.123457Z', '2026-11-23T08:00:03.123456Z'],
    ['2026-11-23T08:00:03.999999Z', '2026-11-23T08:00:04Z'],
    ['2026-11-23T08:00:06.01Z', '2026-11-23T08:00:05.999Z'],
    ['2026-11-23T08:00:07Z', '2999-12-31T23:59:59.999999Z'],
  ] as const
  const measuredAt = new Date('2026-11-23T08:00:00Z')
  const readings = times.map(() => storedReading({ socketId: first.id, deviceId: null, measuredAt }))
  await storeReadings(migrated.pool, readings)
  await migrated.pool.query(
    `update device_data_logs l set timestamp = told.received, measured_at = told.measured
     from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as told(id, received, measured) where l.id = told.id`,
    [readings.map(({ id }) => id), times.map(([received]) => received), times.map(([, measured]) => measured)],
  )
  const milliseconds = (time: string) => `${time.slice(0, 19)}.${time.slice(20, -1).padEnd(3, '0').slice(0, 3)}Z`
  const expected = times.map((pair) => pair.map(milliseconds))
  const path = `/sockets/${first.id}/telemetry?step=raw&order=asc`
  const { items } = expectStatus(200, await api.get(path)).body
  expect(items.map((item: Record<string, string>) => [item['timestamp'], item['measured_at']])).toEqual(expected)
  const [, ...lines] = expectStatus(200, await api.get(`${path}&format=csv`))
    .text.trimEnd()
    .split('\r\n')
  expect(lines.map((line: string) => line.split(',').slice(0, 2).toReversed())).toEqual(expected)
})
