import { expect, test } from 'vitest'
import { createBatchQueue } from './batch-queue.ts'

const limits = { items: 3, bytes: 100, linger: 20 }

test('a batch is due when the oldest has waited, when there are enough, when they are large enough', () => {
  const queue = createBatchQueue<string>(limits)
  expect(queue.dueIn(0)).toBeNull()
  queue.add('a', 10, 1_000)
  expect(queue.dueIn(1_005)).toBe(15)
  queue.add('b', 10, 1_010)
  expect(queue.dueIn(1_015)).toBe(5)
  expect(queue.dueIn(1_020)).toBe(0)
  queue.add('c', 10, 1_010)
  expect(queue.dueIn(1_011)).toBe(0)
  expect(queue.take()).toEqual(['a', 'b', 'c'])

  queue.add('d', 99, 2_000)
  expect(queue.dueIn(2_000)).toBe(20)
  queue.add('e', 1, 2_000)
  expect(queue.dueIn(2_000)).toBe(0)
})

test('takes at most a batch, keeps order and counts what is left', () => {
  const queue = createBatchQueue<number>(limits)
  for (let item = 1; item <= 7; item += 1) queue.add(item, 40, 0)
  expect([queue.take(), queue.take()]).toEqual([
    [1, 2],
    [3, 4],
  ])
  expect([queue.length, queue.bytes, [...queue.items()]]).toEqual([3, 120, [5, 6, 7]])
})

test('an item above the limit is a batch of its own', () => {
  const queue = createBatchQueue<string>(limits)
  queue.add('large', 1_000, 0)
  queue.add('small', 1, 0)
  expect([queue.take(), queue.take(), queue.take()]).toEqual([['large'], ['small'], []])
})

test('what need not wait for others is due until all of it is taken', () => {
  const queue = createBatchQueue<number>(limits)
  queue.hurry()
  queue.add(1, 1, 0)
  expect(queue.dueIn(0)).toBe(20)
  for (let item = 2; item <= 4; item += 1) queue.add(item, 1, 0)
  queue.hurry()
  expect([queue.dueIn(0), queue.take(), queue.dueIn(0), queue.take()]).toEqual([0, [1, 2, 3], 0, [4]])
  queue.add(5, 1, 0)
  expect(queue.dueIn(0)).toBe(20)
})
