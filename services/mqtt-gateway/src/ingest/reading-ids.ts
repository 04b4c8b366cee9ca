import { hash, randomBytes } from 'node:crypto'

/** Makes the id of a reading; call once a reading, in the order of receipt. */
export type ReadingIds = (receivedAt: Date, deliveryKey: string | null) => string

/** 12 bits; a gateway that receives more in one millisecond repeats the last number, and only their order is lost. */
const MAX_COUNT = 0xfff
/** Digits of a SHA-1 in hexadecimal, as keys of deliveries are. */
const DIGEST_LENGTH = 40
/** By hexadecimal digit: the same one with the variant of RFC 9562 (binary 10) in its upper half. */
const VARIANT: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 16 }, (_, digit) => [digit.toString(16), ((digit & 3) | 8).toString(16)]),
)

/**
 * UUIDv7 of readings: the time of receipt (48 bits), a count within its millisecond (12, RFC 9562 section 6.2 method 1),
 * so that ids sort as readings came, and in the last 8 bytes the beginning of the delivery key. So every reading has an id
 * of its own, and a redelivery that comes too late for JetStream's duplicate window can still be recognised by the writer:
 * same last 8 bytes, same socket.
 */
export function createReadingIds(): ReadingIds {
  let millisecond = 0
  let head = ''
  let count = 0
  return (receivedAt, deliveryKey) => {
    const time = receivedAt.getTime()
    if (time === millisecond) {
      count = Math.min(count + 1, MAX_COUNT)
    } else {
      millisecond = time
      count = 0
      const digits = time.toString(16).padStart(12, '0')
      head = `${digits.slice(0, 8)}-${digits.slice(8)}-7`
    }
    const tail = deliveryKey === null ? randomBytes(8).toString('hex') : digestOf(deliveryKey)
    const variant = VARIANT[tail[0] as string]
    return `${head}${count.toString(16).padStart(3, '0')}-${variant}${tail.slice(1, 4)}-${tail.slice(4, 16)}`
  }
}

/** A key of several sockets with one topic has a socket's id behind the digest, which would be cut off. */
function digestOf(deliveryKey: string): string {
  return deliveryKey.length === DIGEST_LENGTH ? deliveryKey : hash('sha1', deliveryKey, 'hex')
}
