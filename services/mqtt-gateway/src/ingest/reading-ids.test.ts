import { expect, test } from 'vitest'
import { createReadingIds } from './reading-ids.ts'

const at = new Date('2026-11-23T09:00:00.123Z')

test('a UUIDv7 of the time of receipt, in order within the millisecond', () => {
  const readingId = createReadingIds()
  const ids = Array.from({ length: 4_096 }, (_, index) => readingId(at, `key-${index}`))
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt((ids[0] as string).replaceAll('-', '').slice(0, 12), 16)).toBe(at.getTime())
  expect([...ids].sort()).toEqual(ids)
})

test('the last 8 bytes are those of the delivery key, whenever it is received', () => {
  const tail = (id: string) => id.slice(19)
  const [first, later] = [
    createReadingIds()(at, 'session:5:hash'),
    createReadingIds()(new Date(at.getTime() + 1), 'session:5:hash'),
  ]
  expect(tail(later)).toBe(tail(first))
  expect(later).not.toBe(first)
  expect(tail(createReadingIds()(at, 'session:6:hash'))).not.toBe(tail(first))
})

test('without a delivery key every id is unique', () => {
  const readingId = createReadingIds()
  expect(new Set(Array.from({ length: 1_000 }, () => readingId(at, null))).size).toBe(1_000)
})
