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
  ]
  expect(new Set([original, ...others]).size).toBe(5)
})

test('in a new session only DUP tells of a redelivery', () => {
  const detector = createRedeliveryDetector(false)
  expect(detector.possiblyRedelivered(1, false)).toBe(false)
  expect(detector.possiblyRedelivered(1, true)).toBe(true)
})

test('in a resumed session the first use of a packet id may be one too, the second is not', () => {
  const detector = createRedeliveryDetector(true)
  expect(detector.possiblyRedelivered(65_535, false)).toBe(true)
  expect(detector.possiblyRedelivered(65_535, false)).toBe(false)
  expect(detector.possiblyRedelivered(1, false)).toBe(true)
})
