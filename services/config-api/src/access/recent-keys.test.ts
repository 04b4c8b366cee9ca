import { expect, test } from 'vitest'
import { createRecentKeys } from './recent-keys.ts'

const keys = ['1', '2', '3'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer]
const [first, second, third] = keys

test('the keys that were used last are kept', () => {
  const recent = createRecentKeys<string>(2)
  recent.set(first, 'a')
  recent.set(second, 'b')
  recent.set(first, 'c')
  recent.set(third, 'd')
  expect(keys.map((key) => recent.get(key))).toEqual(['c', undefined, 'd'])
  recent.delete(first)
  expect(keys.map((key) => recent.get(key))).toEqual([undefined, undefined, 'd'])
})

test('as long as they may be', () => {
  let now = 1_000
  const recent = createRecentKeys<string>(2, 500, () => now)
  recent.set(first, 'a')
  now = 1_499
  expect(recent.get(first)).toBe('a')
  now = 1_500
  expect(recent.get(first)).toBeUndefined()
})
