import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseInstant } from './instant.ts'

test('reads what Date writes, in any order of times', () => {
  const near = fc.integer({ min: Date.UTC(2026, 10, 23, 9), max: Date.UTC(2026, 10, 23, 9, 3) })
  const far = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9999, 11, 31) })
  fc.assert(
    fc.property(fc.array(fc.oneof(near, far)), (times) => {
      for (const time of times) expect(parseInstant(new Date(time).toISOString())).toBe(time)
    }),
  )
})

test('says the same as Date.parse for every form of RFC 3339, and NaN for what is none', () => {
  parseInstant('2026-11-23T09:00:00.000Z')
  for (const text of ['2026-11-23T09:00:00Z', '2026-11-23t09:00:00.5z', '2026-11-23T09:00:00.123456+07:00']) {
    expect(parseInstant(text), text).toBe(Date.parse(text))
  }
  for (const text of [
    '',
    'yesterday',
    '2026-11-23',
    '2026-11-23T09:00:00.000',
    '2026-11-23T09:00:0x.000Z',
    '2026-11-23T09:00:00.0x0Z',
    '2026-11-23T09:00:60.000Z',
    '2026-11-23T09:00:00,000Z',
    '2026-13-23T09:00:00.000Z',
    '2026-11-23T09:00:00.000Zx',
  ]) {
    expect(parseInstant(text), text).toBeNaN()
  }
})
