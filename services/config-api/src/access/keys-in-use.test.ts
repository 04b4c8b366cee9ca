import { expect, test } from 'vitest'
import { createKeysInUse } from './keys-in-use.ts'

const [first, second, third] = ['1', '2', '3'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer]

test('the keys that were used last are kept', () => {
  const keys = createKeysInUse(2)
  keys.add(first)
  keys.add(second)
  keys.add(first)
  keys.add(third)
  expect([first, second, third].map((key) => keys.has(key))).toEqual([true, false, true])
  keys.delete(first)
  expect(keys.has(first)).toBe(false)
  expect(keys.has(third)).toBe(true)
})
