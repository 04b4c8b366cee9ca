import { expect, test } from 'vitest'
import { createPendingBudget } from './pending-budget.ts'

test('says when it is full and calls back once there is room again', () => {
  const pending = createPendingBudget(1_000_000)
  const budget = pending.ofConnection()
  const resumed: string[] = []
  expect(budget.take(100_000)).toBe(true)
  expect(budget.take(250_000)).toBe(false)
  budget.whenRoom(() => resumed.push('one'))
  budget.whenRoom(() => resumed.push('two'))
  budget.give(100_000)
  expect(resumed).toEqual([])
  budget.give(250_000)
  expect(resumed).toEqual(['one', 'two'])
  expect(pending.bytes).toBe(0)
  budget.whenRoom(() => resumed.push('at once'))
  expect(resumed).toHaveLength(3)
})

test('one connection may take all of it, and the others still have a little each', () => {
  const pending = createPendingBudget(1_000_000)
  const [greedy, modest] = [pending.ofConnection(), pending.ofConnection()]
  const resumed: string[] = []
  expect(greedy.take(320_000)).toBe(true)
  expect(greedy.take(20_000)).toBe(false)
  greedy.whenRoom(() => resumed.push('greedy'))
  // 2,048 and three times the payload each, of 32 KiB.
  for (let count = 0; count < 6; count += 1) expect(modest.take(1_000)).toBe(true)
  expect(modest.take(1_000)).toBe(false)
  modest.whenRoom(() => resumed.push('modest'))
  modest.give(1_000)
  expect(resumed).toEqual([])
  modest.give(1_000)
  modest.give(1_000)
  expect(resumed).toEqual(['modest'])
  expect(modest.take(1_000)).toBe(true)
  greedy.give(320_000)
  expect(resumed).toEqual(['modest', 'greedy'])
})

test('when there is room again, all that waited go on, each once', () => {
  const pending = createPendingBudget(1_000_000)
  const connections = [pending.ofConnection(), pending.ofConnection(), pending.ofConnection()]
  const resumed: number[] = []
  for (const [index, connection] of connections.entries()) {
    connection.take(200_000)
    connection.whenRoom(() => resumed.push(index))
  }
  for (const connection of connections) connection.give(200_000)
  expect(resumed.toSorted()).toEqual([0, 1, 2])
})
