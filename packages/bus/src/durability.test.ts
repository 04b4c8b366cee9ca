import { expect, test } from 'vitest'
import { describeDurability } from './durability.ts'

test.each([
  ['2.9.10', 1, /never syncs/, false],
  ['2.10.25', 1, /sync_interval/, false],
  ['2.12.1', 3, /survives the loss of 1/, true],
  ['3.0.0', 1, /sync_interval/, false],
])('nats-server %s with %i replica(s)', (version, replicas, promise, survivePowerLoss) => {
  expect(describeDurability(version, replicas)).toMatchObject({
    promise: expect.stringMatching(promise),
    survivePowerLoss,
  })
})
