import { expect, test } from 'vitest'
import { createTurnstile } from './turnstile.ts'

test('so many at a time, in order, and a failure frees its place', async () => {
  const turnstile = createTurnstile(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  const work = (number: number) =>
    turnstile.pass(async () => {
      order.push(number)
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      if (number % 3 === 0) throw new Error('broken')
      return number
    })
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => work(index)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(13)
  expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(most).toBe(2)
  expect(await work(1)).toBe(1)
})
