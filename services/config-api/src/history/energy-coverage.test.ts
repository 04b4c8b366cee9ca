import { expect, test } from 'vitest'
import { coverageOf } from './energy-coverage.ts'

const PERIOD = { from: 1_000, to: 2_000 }

test('coverage is the share without silence, over all meters', () => {
  expect(coverageOf(PERIOD, [], 2, 3_000)).toEqual({ coverage: 1, complete: true })
  expect(coverageOf(PERIOD, [{ from: 0, to: 1_500 }], 2, 3_000)).toEqual({ coverage: 0.75, complete: false })
  expect(coverageOf(PERIOD, [{ from: 1_400, to: 9_000 }], 1, 3_000)).toEqual({ coverage: 0.4, complete: false })
  expect(coverageOf(PERIOD, [], 0, 3_000)).toEqual({ coverage: 0, complete: false })
})

test('of a period that is not over only what has passed counts', () => {
  expect(coverageOf(PERIOD, [], 1, 1_500)).toEqual({ coverage: 1, complete: false })
  expect(coverageOf(PERIOD, [{ from: 1_250, to: 1_500 }], 1, 1_500)).toEqual({ coverage: 0.5, complete: false })
  expect(coverageOf(PERIOD, [], 1, 900)).toEqual({ coverage: 0, complete: false })
})

test('a moment is not rounded away, and a silence that ends at the beginning leaves its consumption there', () => {
  const long = { from: 0, to: 1e9 }
  expect(coverageOf(long, [{ from: 5, to: 6 }], 1, 2e9)).toEqual({ coverage: 0.9999, complete: false })
  expect(coverageOf(PERIOD, [{ from: 0, to: 1_000 }], 1, 3_000)).toEqual({ coverage: 1, complete: false })
  expect(coverageOf(PERIOD, [{ from: 2_000, to: 2_500 }], 1, 3_000)).toEqual({ coverage: 1, complete: true })
})
