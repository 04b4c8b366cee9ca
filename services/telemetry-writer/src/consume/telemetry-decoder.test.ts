import fc from 'fast-check'
import { expect, test } from 'vitest'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { splitRaw } from './split-raw.ts'
import { createTelemetryDecoder } from './telemetry-decoder.ts'

const decode = createTelemetryDecoder()
const decoded = (text: string) => decode(Buffer.from(text))
const message = telemetryMessage({ id: testId(1) })
const { raw, ...rest } = message
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
      expect('value' in result && result.value.message).toMatchObject({ ...rest, topic, extra: JSON.parse(text).extra })
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
  expect(splitRaw(text) !== null).toBe(split)
  expect(payloadOf(text)).toEqual(JSON.parse(JSON.stringify(JSON.parse(text).raw)))
})

test.each([
  ['no payload', `${head}}`, /raw/],
  ['an unknown field', `${head},"more":1,"raw":1}`, /more/],
  ['no JSON before it', `{"v":1,,"raw":1}`, /not JSON/],
  ['no JSON at all', 'on', /not JSON/],
] as const)('%s is a violation', (_what, text, violation) => {
  expect(decoded(text)).toEqual({ violation: expect.stringMatching(violation) })
})
