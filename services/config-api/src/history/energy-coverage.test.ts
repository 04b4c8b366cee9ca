import { expect, test } from 'vitest'
import { createSilentTimes, type Silence } from './energy-coverage.ts'

const PERIOD = { from: 1_000, to: 2_000 }

function coverageOf(period: typeof PERIOD, silences: readonly Silence[], meters: number, now: number) {
  const silent = createSilentTimes([period], now)
  for (const silence of silences) silent.add(silence)
  return silent.coverage(0, 0, meters)
}

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

test('a silence counts in each period that it reaches into, and in their sum once', () => {
  const silent = createSilentTimes(
    [PERIOD, { from: 2_000, to: 2_400 }, { from: 2_400, to: 3_000 }, { from: 3_000, to: 4_000 }],
    3_500,
  )
  silent.add({ from: 1_800, to: 2_700 })
  silent.add({ from: 3_400, to: 3_500 })
  expect([0, 1, 2, 3].map((index) => silent.milliseconds(index))).toEqual([200, 400, 300, 100])
  expect(silent.coverage(0, 0, 1)).toEqual({ coverage: 0.8, complete: false })
  expect(silent.coverage(1, 1, 1)).toEqual({ coverage: 0, complete: false })
  expect(silent.coverage(0, 2, 1)).toEqual({ coverage: 0.55, complete: false })
  expect(silent.coverage(0, 3, 2)).toEqual({ coverage: 0.8, complete: false })
})
