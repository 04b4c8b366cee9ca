import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSocketDecoder } from './socket-decoder.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')
const context = { topic: 'ward/socket1', receivedAt }
const inZone = (timezone: string) => createSocketDecoder({ payloadConfig: null, timezone })
const decode = (payload: unknown) => decodeText(JSON.stringify(payload))
const decodeText = (payload: string | Uint8Array) =>
  inZone('Asia/Ho_Chi_Minh').decode(Buffer.from(payload as string), context)
const reading = (payload: unknown) => {
  const result = decode(payload)
  if (result.ok !== true) throw new Error(JSON.stringify(result))
  return result.reading
}
const reason = (payload: string | Uint8Array) => {
  const result = decodeText(payload)
  return result.ok === false ? result.rejection.reason : result.ok
}

test('the specification’s message', () => {
  const decoded = reading({
    voltage: 220.5,
    current: 2.3,
    power: 507.15,
    apparent_power: '507.2',
    reactive_power: 0,
    power_factor: 0.99,
    frequency: '50',
    energy: 12.5,
    machine_state: 'running',
    socket_state: 'ON',
    sensor_state: 1,
    over_voltage: false,
    under_voltage: 0,
    timestamp: '15:59:58 23/11/2026',
  })
  expect(decoded).toEqual({
    measurements: {
      voltage: 220.5,
      current: 2.3,
      active_power: 507.15,
      apparent_power: 507.2,
      reactive_power: 0,
      power_factor: 0.99,
      frequency: 50,
      energy: 12.5,
      relay_on: true,
    },
    extra: { machine_state: 'running', sensor_state: 1, over_voltage: false, under_voltage: 0 },
    phases: null,
    quality: [],
    partial: false,
    measuredAt: new Date('2026-11-23T08:59:58Z'),
    decoder: 'flat-json@1',
  })
})

test('a partial message stays partial; 0 and false are values, null and words for nothing are absences', () => {
  expect(
    reading({ current: 0, socket_state: false, voltage: null, power: 'NaN', energy: 'unavailable' }),
  ).toMatchObject({
    measurements: { current: 0, relay_on: false },
    extra: {},
    quality: [],
  })
  expect(reading({ voltage: 230, current: 'high' })).toMatchObject({
    measurements: { voltage: 230 },
    quality: ['invalid:current'],
  })
})

test('a power factor above 1 is not passed on as one', () => {
  expect(reading({ power_factor: 95 })).toMatchObject({
    measurements: {},
    extra: { power_factor: 95 },
    quality: ['implausible:power_factor'],
  })
})

test.each([
  ['2026-11-23T08:59:00Z', '2026-11-23T08:59:00.000Z'],
  ['2026-11-23T08:59:00.5+02:00', '2026-11-23T06:59:00.500Z'],
  ['2026-11-23T15:59:00', '2026-11-23T08:59:00.000Z'],
  ['2026-11-23 15:59', '2026-11-23T08:59:00.000Z'],
  ['15:59:00 23/11/2026', '2026-11-23T08:59:00.000Z'],
  [1_795_424_340, '2026-11-23T08:59:00.000Z'],
  ['1795424340', '2026-11-23T08:59:00.000Z'],
  [1_795_424_340_250, '2026-11-23T08:59:00.250Z'],
])('timestamp %s is %s', (timestamp, expected) => {
  expect(reading({ voltage: 1, timestamp }).measuredAt?.toISOString()).toBe(expected)
})

test.each([
  ['1970-01-01T00:00:00Z'],
  [86_400],
  ['yesterday'],
  ['25:00:00 23/11/2026'],
  ['10:00:00 31/02/2026'],
  [{}],
  ['2026-11-23T10:00:00Z'],
])('timestamp %j is no clock', (timestamp) => {
  expect(reading({ voltage: 1, timestamp })).toMatchObject({ measuredAt: null, quality: ['clock-invalid'] })
})

test('daylight saving: the first of a repeated hour, and no gap', () => {
  const at = (timestamp: string) => {
    const result = inZone('Europe/Berlin').decode(Buffer.from(JSON.stringify({ voltage: 1, timestamp })), context)
    return result.ok === true ? result.reading.measuredAt?.toISOString() : null
  }
  expect(at('02:30:00 25/10/2026')).toBe('2026-10-25T00:30:00.000Z')
  expect(at('03:30:00 25/10/2026')).toBe('2026-10-25T02:30:00.000Z')
  expect(at('02:30:00 29/03/2026')).toBe('2026-03-29T01:30:00.000Z')
  expect(at('03:30:00 29/03/2026')).toBe('2026-03-29T01:30:00.000Z')
})

test.each([
  ['payload-empty', ''],
  ['invalid-json', '{"voltage":'],
  ['invalid-utf8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['invalid-utf8', '{"voltage":1,"note":"\\ud800"}'],
  ['nul-character', '{"voltage":1,"note":"a\\u0000b"}'],
  ['nul-character', '{"voltage":1,"a\\u0000b":2}'],
  ['number-out-of-range', '{"voltage":1e400}'],
  ['forbidden-key', '{"voltage":1,"__proto__":{"polluted":true}}'],
  ['too-deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  [
    'too-many-fields',
    JSON.stringify(Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`f${index}`, 1]))),
  ],
  ['payload-too-large', `{"voltage":1,"pad":"${'x'.repeat(1_000_000)}"}`],
  ['unsupported-payload', '[1,2]'],
  ['unsupported-payload', '230.5'],
  ['unsupported-payload', 'null'],
  ['no-known-field', '{"ENERGY":{"Colour":5}}'],
  ['no-known-field', '{"note":{"text":"high"}}'],
  ['no-known-field', '{}'],
  ['no-known-field', '{"timestamp":1795424340}'],
  ['invalid-value', '{"voltage":"high"}'],
])('%s', (expected, payload) => {
  expect(reason(payload)).toBe(expected)
})

test('whatever the bytes, it answers and every number is finite', () => {
  const names = fc.constantFrom('voltage', 'power', 'power_factor', 'timestamp', 'socket_state', 'machine_state', 'x')
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.dictionary(names, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value))),
    fc
      .dictionary(names, fc.oneof(fc.double(), fc.string(), fc.integer()))
      .map((value) => Buffer.from(JSON.stringify(value))),
  )
  fc.assert(
    fc.property(hostile, (bytes) => {
      const result = decodeText(bytes)
      if (result.ok !== true) return
      for (const value of Object.values(result.reading.measurements)) {
        expect(typeof value === 'boolean' || Number.isFinite(value)).toBe(true)
      }
      if (result.reading.measuredAt) expect(Number.isNaN(result.reading.measuredAt.getTime())).toBe(false)
    }),
    { numRuns: 5_000 },
  )
})
