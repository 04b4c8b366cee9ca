import { hash, randomBytes } from 'node:crypto'

/**
 * UUIDv7 of a reading: the time of receipt (48 bits), random bits (12), and in its last 8 bytes the hash of the delivery
 * key. So every reading has an id of its own, and a redelivery that comes too late for JetStream's duplicate window can
 * still be recognised by the writer: same last 8 bytes, same socket.
 */
export function readingId(receivedAt: Date, deliveryKey: string | null): string {
  const bytes = deliveryKey === null ? randomBytes(10) : Buffer.concat([randomBytes(2), tailOf(deliveryKey)])
  bytes[0] = ((bytes[0] as number) & 0x0f) | 0x70
  bytes[2] = ((bytes[2] as number) & 0x3f) | 0x80
  const time = receivedAt.getTime().toString(16).padStart(12, '0')
  const rest = bytes.toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest.slice(0, 4)}-${rest.slice(4, 8)}-${rest.slice(8)}`
}

function tailOf(deliveryKey: string): Buffer {
  return Buffer.from(hash('sha1', deliveryKey, 'hex').slice(0, 16), 'hex')
}
