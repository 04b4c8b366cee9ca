import { expect, test } from 'vitest'
import { createSettlement } from './settlement.ts'

function settlementOf(receivers: number) {
  const outcomes: boolean[] = []
  const receiver = createSettlement(receivers, (stored) => outcomes.push(stored))
  return { outcomes, callbacks: Array.from({ length: receivers }, receiver) }
}

test('it is stored when every receiver has stored it, however often one says so', () => {
  const { outcomes, callbacks } = settlementOf(2)
  callbacks[1]?.()
  callbacks[1]?.(null)
  expect(outcomes).toEqual([])
  callbacks[0]?.()
  callbacks[0]?.(new Error('after it had been stored'))
  expect(outcomes).toEqual([true])
})

test('the first failure settles it, and what the others say counts no more', () => {
  const { outcomes, callbacks } = settlementOf(3)
  callbacks[0]?.()
  callbacks[2]?.(new Error('the store is full'))
  callbacks[1]?.()
  callbacks[2]?.()
  expect(outcomes).toEqual([false])
})
