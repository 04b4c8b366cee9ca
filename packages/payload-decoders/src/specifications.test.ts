import { expect, test } from 'vitest'
import { electricalLimits } from './specifications.ts'

test.each([
  [
    { rated_voltage: 230, phases: 1, max_current: 16 },
    { ratedVoltage: 230, phases: 1, maximumCurrent: 16 },
  ],
  [
    { ratedVoltage: '230 V', maxCurrentA: '16' },
    { ratedVoltage: 230, phases: null, maximumCurrent: 16 },
  ],
  [
    { voltage: { value: 230, unit: 'V' }, breaker_current: { value: 16_000, unit: 'mA' } },
    { ratedVoltage: 230, phases: null, maximumCurrent: 16 },
  ],
  [
    { electrical: { nominal_voltage: 120, phase_count: 'single' } },
    { ratedVoltage: 120, phases: 1, maximumCurrent: null },
  ],
  [
    { rating: { maximum_current: '32 A' }, phases: '3-phase' },
    { ratedVoltage: null, phases: 3, maximumCurrent: 32 },
  ],
])('%j', (specifications, expected) => {
  expect(electricalLimits(specifications)).toEqual(expected)
})

test('400 V of three phases is 231 V at a socket', () => {
  expect(electricalLimits({ voltage: 400, phases: 3 }).ratedVoltage).toBeCloseTo(230.9, 1)
})

test.each([
  [null],
  ['230 V'],
  [[230]],
  [{ rated_voltage: '100-240 V', max_current: 'much', phases: 7 }],
  [{ rated_voltage: 5, max_current: -1 }],
  [{ voltage: { value: 16, unit: 'A' } }],
  [{ rated_voltage: { toString: 1 }, phases: {} }],
])('%j says nothing', (specifications) => {
  expect(electricalLimits(specifications)).toEqual({ ratedVoltage: null, phases: null, maximumCurrent: null })
})
