import { expect, test } from 'vitest'
import { type GrantedSubscription, nextSubscriptionStep } from './subscription-plan.ts'

const granted = (requestedQos: number): GrantedSubscription => ({
  state: 'granted',
  requestedQos,
  grantedQos: requestedQos,
})
const refused = (retryAt: number): GrantedSubscription => ({ state: 'refused', requestedQos: 1, reason: 'no', retryAt })

test('asks for what is missing or has another QoS, and gives back what is not wanted any more', () => {
  const wanted = new Map([
    ['new', 1],
    ['kept', 1],
    ['raised', 2],
  ])
  const current = new Map([
    ['kept', granted(1)],
    ['raised', granted(1)],
    ['old', granted(1)],
  ])
  expect(nextSubscriptionStep(wanted, current, 0, 100)).toEqual({
    subscribe: [
      { topic: 'new', qos: 1 },
      { topic: 'raised', qos: 2 },
    ],
    unsubscribe: ['old'],
  })
})

test('a refused filter is left alone until its time', () => {
  const wanted = new Map([['secret', 1]])
  const current = new Map([['secret', refused(1_000)]])
  expect(nextSubscriptionStep(wanted, current, 999, 100).subscribe).toEqual([])
  expect(nextSubscriptionStep(wanted, current, 1_000, 100).subscribe).toEqual([{ topic: 'secret', qos: 1 }])
})

test('never more filters in a packet than the limit', () => {
  const wanted = new Map(Array.from({ length: 250 }, (_, index) => [`topic/${index}`, 1]))
  expect(nextSubscriptionStep(wanted, new Map(), 0, 100).subscribe).toHaveLength(100)
})
