import { expect, test } from 'vitest'
import { createReplyNumbers } from './reply-numbers.ts'

test('a number is used again once its message was answered', () => {
  const numbers = createReplyNumbers<string>(4)
  const first = numbers.take('first')
  const second = numbers.take('second')
  expect([numbers.get(first), numbers.get(second), numbers.free]).toEqual(['first', 'second', 2])
  numbers.release(first, true)
  expect([numbers.get(first), numbers.free]).toEqual([undefined, 3])
  expect(numbers.take('third')).toBe(first)
  expect(numbers.all()).toEqual([
    [first, 'third'],
    [second, 'second'],
  ])
})

test('an answer to an earlier attempt does not reach what has its place now', () => {
  const numbers = createReplyNumbers<string>(1)
  const sentTwice = numbers.take('sent twice')
  numbers.release(sentTwice, false)
  const next = numbers.take('next')
  expect(next).not.toBe(sentTwice)
  expect(numbers.get(sentTwice)).toBeUndefined()
  // Released already: changes nothing.
  numbers.release(sentTwice, true)
  expect([numbers.get(next), numbers.free]).toEqual(['next', 0])
})

test('there are only so many, and a number that is none finds nothing', () => {
  const numbers = createReplyNumbers<string>(2)
  expect(new Set([numbers.take('one'), numbers.take('other')]).size).toBe(2)
  expect(() => numbers.take('too many')).toThrow('no number is free')
  expect([Number.NaN, -1, 0.5, 7].map(numbers.get)).toEqual([undefined, undefined, undefined, undefined])
})
