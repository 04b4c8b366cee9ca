import { expect, test } from 'vitest'
import { createRedeliveryDetector, deliveryKey } from './delivery-identity.ts'

test('the key is the same for a redelivery and differs in session, packet id, topic and content', () => {
  const key = (client: string, packetId: number, topic: string, text: string) =>
    deliveryKey(client, packetId, topic, Buffer.from(text))
  const original = key('iomt-1-a', 5, 'ward/socket1', '{"voltage":0}')
  expect(key('iomt-1-a', 5, 'ward/socket1', '{"voltage":0}')).toBe(original)
  const others = [
    key('iomt-1-b', 5, 'ward/socket1', '{"voltage":0}'),
    key('iomt-1-a', 6, 'ward/socket1', '{"voltage":0}'),
    key('iomt-1-a', 5, 'ward/socket2', '{"voltage":0}'),
    key('iomt-1-a', 5, 'ward/socket1', '{"voltage":1}'),
    key('iomt-1-a', 5, 'ward/socket1:{"voltage":0}', ''),
  ]
  expect(new Set([original, ...others]).size).toBe(6)
})

test('in a new session only DUP tells of a redelivery', () => {
  const detector = createRedeliveryDetector(false, () => 0)
  expect(detector.judge(1, false)).toBe('none')
  expect(detector.judge(1, true)).toBe('likely')
})

test('in a resumed session the first use of a packet id may be one too, likely right after the start, the second is not', () => {
  let now = 0
  const detector = createRedeliveryDetector(true, () => now)
  expect(detector.judge(65_535, false)).toBe('likely')
  expect(detector.judge(65_535, false)).toBe('none')
  now = 5_000
  expect(detector.judge(1, false)).toBe('possible')
  expect(detector.judge(1, false)).toBe('none')
  expect(detector.judge(1, true)).toBe('likely')
})

test('a broker that sets DUP on the first message sets it on all that it delivers again', () => {
  const detector = createRedeliveryDetector(true, () => 0)
  expect(detector.judge(1, true)).toBe('likely')
  expect(detector.judge(2, true)).toBe('likely')
  expect(detector.judge(3, false)).toBe('possible')
})
