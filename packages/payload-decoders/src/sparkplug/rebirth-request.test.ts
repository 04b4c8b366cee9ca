import { expect, test } from 'vitest'
import { sparkplugMessage } from '../testing/sparkplug-message.ts'
import { readSparkplug } from './payload.ts'
import { rebirthRequest } from './rebirth-request.ts'

test('a rebirth request is what a node expects', () => {
  const now = Date.UTC(2026, 10, 23, 9)
  expect(readSparkplug(rebirthRequest(now))).toMatchObject({
    timestamp: now,
    metrics: [{ name: 'Node Control/Rebirth', datatype: 11, value: true }],
  })
  const whole = sparkplugMessage(now, [{ name: 'Node Control/Rebirth', type: 11, value: true }])
  expect(whole.subarray(0, -2)).toEqual(rebirthRequest(now))
})
