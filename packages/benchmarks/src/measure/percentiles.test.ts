import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latencyOf, median, percentile } from './percentiles.ts'

test('percentiles are values of the list, by nearest rank', () => {
  const sorted = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([0.5, 0.95, 0.99, 1].map((fraction) => percentile(sorted, fraction))).toEqual([50, 95, 99, 100])
  expect(percentile([7], 0.01)).toBe(7)
})

test('nothing has no percentile', () => {
  expect(percentile([], 0.5)).toBeNaN()
  expect(latencyOf([])).toEqual({ samples: 0, p50: Number.NaN, p95: Number.NaN, p99: Number.NaN, max: Number.NaN })
})

test('latencies are ordered as numbers, whatever the order they came in', () => {
  expect(latencyOf([10, 9, 100])).toEqual({ samples: 3, p50: 10, p95: 100, p99: 100, max: 100 })
  expect(median([3, 20, 100])).toBe(20)
})

test('at least the share of all values is not above its percentile', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, fraction) => {
        const bound = percentile(Float64Array.from(values).sort(), fraction)
        const below = values.filter((value) => value <= bound).length
        // A fraction of 0.07 of 100 values is 7.000000000000001 of them to a computer.
        expect(below / values.length).toBeGreaterThanOrEqual(fraction - 1e-9)
      },
    ),
  )
})
