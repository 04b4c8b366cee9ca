import { createFrameWriter } from '@iomt/bus/frame-writer'
import type { Msg, NatsConnection } from '@nats-io/nats-core'

/** What the writer uses of a message that JetStream delivered. */
export type Delivery = Pick<Msg, 'subject' | 'data' | 'reply'>

const ACKNOWLEDGE = Buffer.from('+ACK')
const IN_PROGRESS = Buffer.from('+WPI')
const HAND_BACK = Buffer.from('-NAK')

/** A delivery and what the writer makes of it. */
interface Delivered {
  readonly delivery: Delivery
}

/** What JetStream is told about its deliveries, many at once. */
export interface DeliveryAnswers {
  /** Stored. A lost acknowledgement is harmless: the redelivery collapses on the table's key. */
  acknowledge(delivered: Iterable<Delivered>): void
  /** Still being worked on: restarts the server's `ack_wait`. */
  extend(delivered: Iterable<Delivered>): void
  /** Will not be stored here: another writer gets it at once instead of after `ack_wait`. */
  handBack(delivered: Iterable<Delivered>): void
}

export function createDeliveryAnswers(connection: NatsConnection): DeliveryAnswers {
  const frames = createFrameWriter(connection)

  function answer(delivered: Iterable<Delivered>, payload: Uint8Array): void {
    for (const { delivery } of delivered) if (delivery.reply) frames.add({ subject: delivery.reply, payload })
    frames.flush()
  }

  return {
    acknowledge: (delivered) => answer(delivered, ACKNOWLEDGE),
    extend: (delivered) => answer(delivered, IN_PROGRESS),
    handBack: (delivered) => answer(delivered, HAND_BACK),
  }
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
