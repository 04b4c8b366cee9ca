import { hash, randomBytes } from 'node:crypto'

/** Makes the id of a reading; call once a reading, in the order of receipt. */
export type ReadingIds = (receivedAt: Date, deliveryKey: string | null) => string

/** 12 bits; a gateway that receives more in one millisecond repeats the last number, and only their order is lost. */
const MAX_COUNT = 0xfff

/**
 * UUIDv7 of readings: the time of receipt (48 bits), a count within its millisecond (12, RFC 9562 section 6.2 method 1),
 * so that ids sort as readings came, and in the last 8 bytes the hash of the delivery key. So every reading has an id of
 * its own, and a redelivery that comes too late for JetStream's duplicate window can still be recognised by the writer:
 * same last 8 bytes, same socket.
 */
export function createReadingIds(): ReadingIds {
  let millisecond = 0
  let count = 0
  return (receivedAt, deliveryKey) => {
    const time = receivedAt.getTime()
    count = time === millisecond ? Math.min(count + 1, MAX_COUNT) : 0
    millisecond = time
    const tail =
      deliveryKey === null ? randomBytes(8) : Buffer.from(hash('sha1', deliveryKey, 'hex').slice(0, 16), 'hex')
    tail[0] = ((tail[0] as number) & 0x3f) | 0x80
    const head = time.toString(16).padStart(12, '0')
    const hexTail = tail.toString('hex')
    return `${head.slice(0, 8)}-${head.slice(8)}-7${count.toString(16).padStart(3, '0')}-${hexTail.slice(0, 4)}-${hexTail.slice(4)}`
  }
}
