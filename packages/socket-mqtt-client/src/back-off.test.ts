import { expect, test } from 'vitest'
import { BACK_OFF_CAP, backOff } from './back-off.ts'

test('the ceiling doubles from 250 ms to the cap and never overflows', () => {
  const ceilings = [0, 1, 2, 3, 10, 1_000].map((failures) => backOff(failures, () => 1))
  expect(ceilings).toEqual([250, 500, 1_000, 2_000, BACK_OFF_CAP, BACK_OFF_CAP])
})

test('full jitter: anywhere below the ceiling', () => {
  expect(backOff(3, () => 0.5)).toBe(1_000)
  expect(backOff(3, () => 0)).toBe(0)
})
