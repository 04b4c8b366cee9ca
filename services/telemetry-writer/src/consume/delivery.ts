import type { Msg } from '@nats-io/nats-core'

/** What the writer uses of a message that JetStream delivered. */
export type Delivery = Pick<Msg, 'subject' | 'data' | 'reply' | 'respond'>

const encoder = new TextEncoder()
const ACKNOWLEDGE = encoder.encode('+ACK')
const IN_PROGRESS = encoder.encode('+WPI')
const HAND_BACK = encoder.encode('-NAK')

/** Stored. A lost acknowledgement is harmless: the redelivery collapses on the table's key. */
export function acknowledge(delivery: Delivery): void {
  delivery.respond(ACKNOWLEDGE)
}

/** Still being worked on: restarts the server's `ack_wait`. */
export function extend(delivery: Delivery): void {
  delivery.respond(IN_PROGRESS)
}

/** Will not be stored here: another writer gets it at once instead of after `ack_wait`. */
export function handBack(delivery: Delivery): void {
  delivery.respond(HAND_BACK)
}

/** What JetStream tells about a delivery in its reply subject. */
export interface DeliveryInfo {
  readonly deliveries: number
  readonly streamSequence: number
  /** Messages behind this one that the consumer has not delivered to anyone. */
  readonly pending: number
}

/**
 * Reads `$JS.ACK.{stream}.{consumer}.{deliveries}.{stream seq}.{consumer seq}.{time}.{pending}`; servers with a domain put
 * two tokens more before the stream (nats-architecture ADR-15).
 */
export function deliveryInfo(delivery: Pick<Delivery, 'reply'>): DeliveryInfo {
  const tokens = (delivery.reply ?? '').split('.')
  const start = tokens.length >= 11 ? 6 : 4
  return {
    deliveries: Number(tokens[start] ?? 0),
    streamSequence: Number(tokens[start + 1] ?? 0),
    pending: Number(tokens[start + 4] ?? 0),
  }
}
