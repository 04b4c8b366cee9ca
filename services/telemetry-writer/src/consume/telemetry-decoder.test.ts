import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readingOf, telemetryMessage, testId } from '../testing/messages.ts'
import { withoutRaw } from './split-raw.ts'
import { createTelemetryDecoder } from './telemetry-decoder.ts'

const decode = createTelemetryDecoder()
const decoded = (text: string) => decode(Buffer.from(text))
const { raw, ...rest } = telemetryMessage({ id: testId(1) })
const head = JSON.stringify(rest).slice(0, -1)

/** The payload that would be stored, parsed. */
function payloadOf(text: string): unknown {
  const result = decoded(text)
  if ('violation' in result) throw new Error(result.violation)
  return JSON.parse(result.value.rawJson)
}

test('whatever the payload and what stands before it, it is stored as parsing the whole would have it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (payload, extra, topic) => {
      const text = JSON.stringify({ ...rest, topic, extra, raw: payload })
      expect(payloadOf(text)).toEqual(JSON.parse(text).raw)
      const result = decoded(text)
      expect('value' in result && { ...result.value, rawJson: '' }).toEqual({
        ...readingOf(JSON.parse(text)),
        rawJson: '',
      })
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['as the gateway writes it', `${head},"raw":{"voltage":230,"note":"a\\"},{\\\\"}}`, true],
  ['spaces around it', `${head}, "raw" : {"voltage":230}}`, false],
  ['not the last field', JSON.stringify({ raw, ...rest }), false],
  [
    'followed by another field',
    `${JSON.stringify({ ...rest, quality: undefined }).slice(0, -1)},"raw":1,"quality":[]}`,
    false,
  ],
  [
    'a field of that name before it',
    `${JSON.stringify({ ...rest, extra: { a: 1, raw: 2 } }).slice(0, -1)},"raw":3}`,
    false,
  ],
  ['an exponent, which may be out of range', `${head},"raw":{"voltage":1e400}}`, false],
  ['a long one', `${head},"raw":"${'x'.repeat(5_000)}"}`, false],
  ['a space at the end', `${head},"raw":1} `, false],
] as const)('a payload with %s', (_what, text, split) => {
  expect(withoutRaw(text) !== null).toBe(split)
  expect(payloadOf(text)).toEqual(JSON.parse(JSON.stringify(JSON.parse(text).raw)))
})

test.each([
  ['no payload', `${head}}`, /raw/],
  ['no JSON before it', `{"v":1,,"raw":1}`, /not JSON/],
  ['no JSON at all', 'on', /not JSON/],
] as const)('%s is a violation', (_what, text, violation) => {
  expect(decoded(text)).toEqual({ violation: expect.stringMatching(violation) })
})

test('a message in another order than the gateway’s is read alike', () => {
  const { id, ...withoutId } = rest
  const inOrder = decoded(`${head},"raw":{"voltage":230}}`)
  const other = decoded(JSON.stringify({ ...withoutId, id, raw: { voltage: 230 } }))
  expect('value' in inOrder && inOrder.value).toEqual('value' in other && other.value)
})

test('another device on the socket, and its place after it was known, are seen', () => {
  const deviceOf = (fields: object) => {
    const result = decoded(JSON.stringify({ ...rest, ...fields, raw: 1 }))
    return 'value' in result ? result.value.deviceId : result.violation
  }
  expect(deviceOf({ device_id: testId(7) })).toBe(testId(7))
  expect(deviceOf({ device_id: testId(8) })).toBe(testId(8))
  expect(deviceOf({ device_id: testId(7) })).toBe(testId(7))
  expect(deviceOf({ device_id: null })).toBeNull()
  expect(deviceOf({ device_id: 'pump' })).toMatch(/device_id/)
  expect(deviceOf({ socket_number: -1 })).toMatch(/socket_number/)
})

test.each([
  ['an id that is none', { id: 'x'.repeat(36) }, /\/id/],
  ['a quote in the place of a digit', { id: `"${testId(1).slice(1)}` }, /\/id/],
  ['a time that is none', { received_at: '2026-11-23T09:00:60.000Z' }, /received_at/],
  ['a word for a number', { measurements: { voltage: '230' } }, /voltage/],
] as const)('%s is a violation in a message as the gateway writes it', (_what, fields, violation) => {
  expect(decoded(JSON.stringify({ ...rest, ...fields, raw: {} }))).toEqual({
    violation: expect.stringMatching(violation),
  })
})

test('a field twice counts as it does to any reader of JSON: the last one', () => {
  const result = decoded(`${head},"device_id":"${testId(9)}","raw":1}`)
  expect('value' in result && result.value.deviceId).toBe(testId(9))
})
