import { expect, test } from 'vitest'
import { createRoundSize } from './round-size.ts'

test('grows while full rounds are quick, shrinks when they are slow, and stays between 1 and 4,096', () => {
  const size = createRoundSize()
  expect(size.minutes).toBe(64)
  expect(size.done(64, 100)).toBe(true)
  expect(size.minutes).toBe(128)
  // Not full: there is nothing more to do, and how quick it was says nothing.
  expect(size.done(3, 10)).toBe(false)
  expect(size.minutes).toBe(128)
  expect(size.done(128, 1_000)).toBe(true)
  expect(size.minutes).toBe(128)
  size.done(128, 2_001)
  expect(size.minutes).toBe(64)
  for (let time = 0; time < 20; time += 1) size.done(size.minutes, 1)
  expect(size.minutes).toBe(4_096)
  for (let time = 0; time < 20; time += 1) size.failed()
  expect(size.minutes).toBe(1)
  size.done(1, 10_000)
  expect(size.minutes).toBe(1)
})
