import { expect, test } from 'vitest'
import { createPendingBudget } from './pending-budget.ts'

test('says when it is full and calls back once there is room again', () => {
  const budget = createPendingBudget(1_000_000)
  const resumed: string[] = []
  expect(budget.take(100_000)).toBe(true)
  expect(budget.take(250_000)).toBe(false)
  budget.whenRoom(() => resumed.push('one'))
  budget.whenRoom(() => resumed.push('two'))
  budget.give(100_000)
  expect(resumed).toEqual([])
  budget.give(250_000)
  expect(resumed).toEqual(['one', 'two'])
  expect(budget.bytes).toBe(0)
  budget.whenRoom(() => resumed.push('at once'))
  expect(resumed).toHaveLength(3)
})
