import { expect, test } from 'vitest'
import { readingIdOf } from './replayed-reading.ts'

test('the id of a replayed reading follows from its dead letter, sorts by its time and is a UUIDv7', () => {
  const at = new Date('2026-11-23T09:00:00.123Z')
  const letter = '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10'
  const id = readingIdOf(letter, at)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(readingIdOf(letter.toUpperCase(), at)).toBe(id)
  expect(readingIdOf('0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d11', at)).not.toBe(id)
  expect(readingIdOf('0190a6f0-7b1e-7c56-8b8e-3f6f5a2f9d10', at) > id).toBe(true)
  expect(readingIdOf('0190a6f0-7b1e-8c56-8b8e-3f6f5a2f9d10', at)).toMatch(/-7[0-9a-f]{3}-/)
  expect(readingIdOf(letter, new Date(at.getTime() + 1)) > id).toBe(true)
  expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(at.getTime())
})
