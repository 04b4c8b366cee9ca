import type { PipelinedPublisher, PublishAcknowledgement } from '@iomt/bus/pipelined-publisher'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { deadLetterSubject, telemetrySubject } from '@iomt/contracts/subjects'
import { decodePayload } from '@iomt/payload-decoders/decode'
import type { Rejection } from '@iomt/payload-decoders/decoded-payload'
import type { Delivery, DeliveryHandler, SocketConfig } from '@iomt/socket-mqtt-client/socket-config'
import { headers } from '@nats-io/nats-core'
import type { GatewayMetrics } from '../metrics.ts'
import { deadLetterOf } from './dead-letter-of.ts'
import { createReadingIds } from './reading-ids.ts'
import { telemetryMessageOf } from './telemetry-message-of.ts'

export interface IngestOptions {
  readonly publisher: PipelinedPublisher
  /** One of its own: when the dead-letter stream is full, only connections that bring dead letters wait. */
  readonly deadLetterPublisher: PipelinedPublisher
  /** False when another gateway may have the connections by now that a delivery came from. */
  readonly certain: () => boolean
  readonly desiredState: (config: SocketConfig) => SocketDesiredState
  /** The server's limit for one message, in bytes. */
  readonly maxMessageBytes: () => number
  readonly maxPayloadBytes: number
  /** Answers the `id` of the message at a sequence of a stream, null when it is gone. */
  readonly storedId: (stream: string, sequence: number) => Promise<string | null>
  /** Between storing and the broker's acknowledgement; tests strike here. */
  readonly afterStore: (readings: number) => void
  readonly onDeadLetter: (socketId: string) => void
  readonly metrics: GatewayMetrics
}

/**
 * What happens to a delivery: decoded into a reading and stored on `iomt.v1.telemetry.…`, or stored as a dead letter.
 * Resolves when JetStream has it, which is when the broker may forget it.
 */
export function createIngest(options: IngestOptions): DeliveryHandler {
  const { metrics } = options
  const readingId = createReadingIds()

  return async (delivery) => {
    // Left to the new owner: not stored here, and not acknowledged.
    if (!options.certain()) throw new Error('this gateway may not own the partition any more')
    const state = options.desiredState(delivery.socket)
    const id = readingId(delivery.receivedAt, delivery.deliveryKey)
    metrics.messages.inc()
    const zone = state.payload_config?.timezone
    const decoded = decodePayload(
      delivery.payload,
      { timezone: typeof zone === 'string' ? zone : state.timezone, receivedAt: delivery.receivedAt },
      options.maxPayloadBytes,
    )
    if (!decoded.ok) return storeDeadLetter(id, state, delivery, decoded.rejection)
    const message = telemetryMessageOf(id, state, delivery, decoded.reading, decoded.raw)
    const payload = Buffer.from(JSON.stringify(message))
    if (payload.length > options.maxMessageBytes()) {
      const detail = `the reading has ${payload.length} bytes, the NATS server takes ${options.maxMessageBytes()}`
      return storeDeadLetter(id, state, delivery, { reason: 'message-too-large', detail })
    }
    await store(options.publisher, telemetrySubject(state, state.device_id), payload, id, delivery)
    metrics.readings.inc()
    options.afterStore(1)
  }

  async function storeDeadLetter(
    id: string,
    state: SocketDesiredState,
    delivery: Delivery,
    rejection: Rejection,
  ): Promise<void> {
    const letter = deadLetterOf(id, state, delivery, rejection, options.maxMessageBytes())
    const subject = deadLetterSubject('decode', state)
    await store(options.deadLetterPublisher, subject, Buffer.from(JSON.stringify(letter)), id, delivery)
    metrics.deadLetters.inc({ reason: rejection.reason })
    options.onDeadLetter(state.socket_id)
  }

  async function store(
    publisher: PipelinedPublisher,
    subject: string,
    payload: Uint8Array,
    id: string,
    delivery: Delivery,
  ): Promise<void> {
    const messageId = delivery.deliveryKey ?? id
    const acknowledgement = await publish(publisher, subject, payload, messageId)
    if (!acknowledgement.duplicate || messageId === id) return
    // After a freeze, a new owner of the session has stored what the broker had delivered to us.
    if (delivery.possiblyRedelivered || !options.certain()) {
      metrics.collapsed.inc()
    } else if (
      acknowledgement.attempts === 1 ||
      (await options.storedId(acknowledgement.stream, acknowledgement.sequence)) !== id
    ) {
      // Not a redelivery, and the stored message is not our own earlier attempt: the broker has used the packet id again
      // for an equal payload. Two readings.
      await publish(publisher, subject, payload, id)
    }
  }
}

function publish(
  publisher: PipelinedPublisher,
  subject: string,
  payload: Uint8Array,
  messageId: string,
): Promise<PublishAcknowledgement> {
  const header = headers()
  header.set('Nats-Msg-Id', messageId)
  return publisher.publish({ subject, payload, headers: header })
}
