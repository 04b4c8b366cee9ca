import fc from 'fast-check'
import { expect, test } from 'vitest'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { createReaderOfAny, createReaderOfOurs } from './telemetry-decoder.ts'

const readAsWritten = createReaderOfOurs()
const readAny = createReaderOfAny()

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())
const measurements = fc.record(
  { voltage: number, current: number, energy: number, relay_on: fc.boolean() },
  { requiredKeys: [] },
)
const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString())
/** Values as measurements and extras are: most of them flat, without braces and escapes. */
const word = fc.oneof({ weight: 9, arbitrary: fc.stringMatching(/^[a-z0-9:/ -]{0,12}$/) }, fc.string())
const extra = fc.dictionary(word, fc.oneof(word, number, fc.boolean(), fc.dictionary(word, word)), { maxKeys: 3 })

/** The fields in the order in which the gateway writes them. */
const messages = fc
  .record({
    device_id: fc.option(fc.constantFrom(testId(0xd01), testId(0xd02).toUpperCase())),
    topic: word,
    received_at: time,
    measured_at: time,
    measured_at_source: fc.constantFrom('device' as const, 'received' as const),
    retained: fc.boolean(),
    qos: fc.nat(2),
    redelivered: fc.option(fc.constant(true), { nil: undefined }),
    measurements,
    phases: fc.option(fc.dictionary(fc.constantFrom('l1', 'l2', 'l3'), measurements), { nil: undefined }),
    partial: fc.option(fc.constant(true), { nil: undefined }),
    extra,
    quality: fc.array(word, { maxLength: 2 }),
    decoder: fc.constantFrom('flat-json@1', 'text@1'),
    raw: fc.oneof(extra, fc.jsonValue()),
  })
  .map(({ device_id, ...own }) => {
    const { v, id, socket_id, socket_number, pdu_id, organization_id, department_id } = telemetryMessage({
      id: testId(1),
    })
    return { v, id, socket_id, socket_number, pdu_id, organization_id, department_id, device_id, ...own }
  })

/** A text that the readers take alike: by the quick way nothing that the general one would not, and nothing else. */
function compare(text: string): 'quick' | 'general' {
  const quick = readAsWritten(text)
  if (quick === null) return 'general'
  const any = readAny(text)
  if ('violation' in any) throw new Error(`${any.violation}: ${text}`)
  expect({ ...quick, rawJson: JSON.parse(quick.rawJson) }).toEqual({
    ...any.value,
    rawJson: JSON.parse(any.value.rawJson),
  })
  expect(Object.keys(quick)).toEqual(Object.keys(any.value))
  return 'quick'
}

test('what the gateway writes is read as parsing and checking the whole would have it, nearly all of it the quick way', () => {
  const ways = { quick: 0, general: 0 }
  fc.assert(
    fc.property(messages, (message) => {
      ways[compare(JSON.stringify(message))] += 1
    }),
    { numRuns: 2_000 },
  )
  expect(ways.quick).toBeGreaterThan(ways.general)
})

test('of texts with a few characters changed, nothing is accepted that parsing and checking the whole refuses', () => {
  const characters = fc.constantFrom(...'"\\{}[],:0129.-eE+Ztn \n\t\u0000é'.split(''))
  const edits = fc.array(
    fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), remove: fc.nat(2), add: characters }),
    {
      minLength: 1,
      maxLength: 2,
    },
  )
  fc.assert(
    fc.property(messages, edits, (message, changes) => {
      let text = JSON.stringify({ ...message, raw: {} })
      for (const { at, remove, add } of changes) {
        // Not in the payload, whose JSON is left to Postgres.
        const index = Math.floor(at * (text.length - ',"raw":{}}'.length))
        text = text.slice(0, index) + add + text.slice(index + remove)
      }
      if (text.endsWith(',"raw":{}}')) compare(text)
    }),
    { numRuns: 5_000 },
  )
})

const own = JSON.stringify(telemetryMessage({ id: testId(1), measurements: { voltage: 1 }, raw: {} }))
test.each([
  ['a date that is none', '2026-11-23T09', '2026-13-23T09'],
  ['a second that is none', '09:00:00.123', '09:00:60.123'],
  ['a quality of service that is none', '"qos":1', '"qos":3'],
  ['a word for a number', '"voltage":1', '"voltage":"1"'],
  ['a number for a switch', '"voltage":1', '"relay_on":1'],
  ['no JSON in the measurements', '"voltage":1', '"voltage":01'],
  ['no JSON in what is extra', '"extra":{}', '"extra":{1}'],
  ['a doubt that is no text', '"quality":[]', '"quality":[1]'],
  ['a phase that holds no measurements', ',"extra"', ',"phases":{"l1":{"voltage":"1"}},"extra"'],
  ['an escape that is none in the topic', '"topic":"', '"topic":"\\x'],
  ['a line end in the decoder', '"decoder":"', '"decoder":"\n'],
  ['a field twice', '"extra":{}', '"extra":{},"extra":1'],
  ['a payload of two values', '"raw":{}', '"raw":{},1'],
  ['a payload that ends too early', '"raw":{}', '"raw":{"a":1}"b":2}'],
])('%s is left to the general way, which refuses it', (_what, before, after) => {
  expect(readAsWritten(own)).not.toBeNull()
  const text = own.replace(before, after)
  expect(text).not.toBe(own)
  expect(readAsWritten(text)).toBeNull()
  expect(readAny(text)).toHaveProperty('violation')
})

test('a measurement and a field that a newer gateway added are passed over', () => {
  const known = readAny(own)
  const measurement = own.replace('"voltage":1', '"voltage":1,"volume":1')
  const readings = [
    readAny(own.replace('"extra":{}', '"extra":{},"newer":{"a":1}')),
    readAny(measurement),
    { value: readAsWritten(measurement) },
  ]
  for (const reading of readings) expect(reading).toMatchObject(known)
})

test('a message of millions of objects is left to the general way, which takes it', () => {
  const text = own.replace('"extra":{}', `"extra":{"all":[{}${',{}'.repeat(2_500_000)}]}`)
  expect(readAsWritten(text)).toBeNull()
  expect(readAny(text)).toHaveProperty('value')
})
