import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileSchema } from './compile-schema.ts'
import { DeadLetterMessage, withPayload } from './dead-letter.ts'

const HEADER_BYTES = 128
const id = '0190a6f0-0000-7000-8000-000000000001'
const letterOf = (topic: string) => ({
  v: 1 as const,
  id,
  stage: 'decode' as const,
  reason: 'invalid-json' as const,
  detail: 'why',
  socket_id: id,
  device_id: id,
  pdu_id: id,
  organization_id: id,
  topic,
  received_at: '2026-11-23T10:00:00.000Z',
})

test('fits what a server takes, however the topic is escaped and however large the payload is', () => {
  const { check } = compileSchema(DeadLetterMessage)
  const topics = fc
    .tuple(fc.constantFrom('a', '"', '\u0001', 'é', '😀'), fc.nat(65_535))
    .map(([character, length]) => character.repeat(length / character.length))
  fc.assert(
    fc.property(topics, fc.nat(200_000), fc.integer({ min: 16_384, max: 1_048_576 }), (topic, size, limit) => {
      const letter = withPayload(letterOf(topic), Buffer.alloc(size, 'x'), limit)
      expect(check(letter)).toBe(true)
      expect(Buffer.byteLength(JSON.stringify(letter)) + HEADER_BYTES).toBeLessThanOrEqual(limit)
      const kept = Buffer.from(letter.payload_base64, 'base64').length
      expect(letter).toMatchObject({ payload_bytes: size, payload_truncated: kept < size })
      // A whole topic and a whole payload where there is room for both.
      if (topic.length * 6 + size * 1.4 + 2_000 < limit) expect([letter.topic, kept]).toEqual([topic, size])
    }),
    { numRuns: 200 },
  )
})

test('of a payload whose rest was thrown away: its real size, and the digest of what is there', () => {
  const payload = Buffer.alloc(1_000, 'x')
  const whole = withPayload(letterOf('ward'), payload, 1_048_576)
  const beginning = withPayload(letterOf('ward'), payload, 1_048_576, 64_000_000)
  expect(beginning).toEqual({ ...whole, payload_bytes: 64_000_000, payload_truncated: true })
})
