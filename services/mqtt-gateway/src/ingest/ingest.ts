import { HEADER_BYTES } from '@iomt/bus/frame-writer'
import {
  FencedError,
  type OutgoingMessage,
  type PipelinedPublisher,
  type PublishAcknowledgement,
} from '@iomt/bus/pipelined-publisher'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { deadLetterSubject } from '@iomt/contracts/subjects'
import type { DecodeContext, Rejection } from '@iomt/payload-decoders/decoded-payload'
import type { Delivery, DeliveryHandler, OnSettled, SocketConfig } from '@iomt/socket-mqtt-client/socket-config'
import type { GatewayMetrics } from '../metrics.ts'
import type { MessageAssessment } from '../status/message-assessment.ts'
import { deadLetterOf } from './dead-letter-of.ts'
import { createTelemetryEncoder } from './encode-telemetry.ts'
import { createReadingIds } from './reading-ids.ts'
import { createSocketDecoders } from './socket-decoders.ts'

export interface IngestOptions {
  readonly publisher: PipelinedPublisher
  /** One of its own: when the dead-letter stream is full, only connections that bring dead letters stop. */
  readonly deadLetterPublisher: PipelinedPublisher
  /** As of the partitions' ownership: deliveries of a life that is over are another gateway's. */
  readonly life: () => string | null
  readonly confirmLife: (life: string) => Promise<boolean>
  readonly desiredState: (config: SocketConfig) => SocketDesiredState
  /** The server's limit for one message, in bytes. */
  readonly maxMessageBytes: () => number
  readonly maxPayloadBytes: number
  /** Answers the `id` of the message at a sequence of a stream, null when it is gone. */
  readonly storedId: (stream: string, sequence: number) => Promise<string | null>
  /** Between storing and the broker's acknowledgement; tests strike here. */
  readonly afterStore: (readings: number) => void
  readonly onDeadLetter: (socketId: string) => void
  /** Gets what every message of the socket says about the device. */
  readonly assessmentOf: (state: SocketDesiredState) => MessageAssessment
  /** The device said that it is there or gone. */
  readonly onAvailability: (socketId: string) => void
  /** A Sparkplug message on `topic` speaks of metrics whose birth nobody has heard here. */
  readonly onBirthMissing: (state: SocketDesiredState, topic: string) => void
  readonly metrics: GatewayMetrics
}

/**
 * What happens to a delivery: decoded into a reading and stored on `iomt.v1.telemetry.…`, or stored as a dead letter.
 * Settled when JetStream has it, which is when the broker may forget it.
 */
export function createIngest(options: IngestOptions): DeliveryHandler {
  const { metrics } = options
  const readingId = createReadingIds()
  const encode = createTelemetryEncoder()
  const decoderOf = createSocketDecoders(options.maxPayloadBytes)

  return (delivery, onSettled) => {
    // Left to the new owner: not stored here, and not acknowledged.
    const life = options.life()
    if (life === null) return onSettled(new Error('this gateway may not own the partition any more'))
    const state = options.desiredState(delivery.socket)
    const id = readingId(delivery.receivedAt, delivery.deliveryKey)
    metrics.messages.inc()
    const { topic, payload: received, payloadBytes, receivedAt } = delivery
    // The beginning of a message might be read as another one.
    if (payloadBytes > received.length) {
      const detail = `the payload has ${payloadBytes} bytes, at most ${options.maxPayloadBytes} are decoded`
      return storeDeadLetter(life, id, state, delivery, { reason: 'payload-too-large', detail }, onSettled)
    }
    const decoded = decoderOf(state, receivedAt.getTime()).decode(received, contextOf(state, topic, receivedAt))
    if (decoded.ok !== true) {
      // Another outlet's message, or a device's last will: no reading, and nothing that a dead letter could help with.
      if (decoded.ok === 'status') {
        options.assessmentOf(state).status(decoded.online, receivedAt)
        options.onAvailability(state.socket_id)
      }
      if (decoded.ok !== false) return onSettled()
      return storeDeadLetter(life, id, state, delivery, decoded.rejection, onSettled)
    }
    const { retained, redeliveredLate: late } = delivery
    options.assessmentOf(state).reading(decoded.reading, { receivedAt, retained, late })
    const { quality } = decoded.reading
    if (quality.length > 0 && quality.includes('birth-missing')) options.onBirthMissing(state, topic)
    const { subject, payload } = encode(id, state, delivery, decoded.reading, decoded.rawJson)
    const bytes = payload.length + HEADER_BYTES
    if (bytes > options.maxMessageBytes()) {
      const detail = `the reading has ${bytes} bytes with its header, the NATS server takes ${options.maxMessageBytes()}`
      return storeDeadLetter(life, id, state, delivery, { reason: 'message-too-large', detail }, onSettled)
    }
    const message = toMessage(subject, payload, id, life, delivery)
    store(options.publisher, message, id, delivery, (error) => {
      if (!error) {
        metrics.readings.inc()
        options.afterStore(1)
      }
      onSettled(error)
    })
  }

  function storeDeadLetter(
    life: string,
    id: string,
    state: SocketDesiredState,
    delivery: Delivery,
    rejection: Rejection,
    onSettled: OnSettled,
  ): void {
    options.assessmentOf(state).deadLetter(rejection)
    const letter = deadLetterOf(id, state, delivery, rejection, options.maxMessageBytes())
    const payload = Buffer.from(JSON.stringify(letter))
    const subject = deadLetterSubject('decode', state)
    const message = toMessage(subject, payload, id, life, delivery)
    store(options.deadLetterPublisher, message, id, delivery, (error) => {
      if (!error) {
        metrics.deadLetters.inc({ reason: rejection.reason })
        options.onDeadLetter(state.socket_id)
      }
      onSettled(error)
    })
  }

  function store(
    publisher: PipelinedPublisher,
    message: OutgoingMessage,
    id: string,
    delivery: Delivery,
    onSettled: OnSettled,
  ): void {
    const { fencingToken: life } = message
    publisher.publishThen(message, (error, acknowledgement) => {
      // Without a delivery's key there is neither a life nor anything that its id could be a duplicate of.
      if (error || !acknowledgement?.duplicate || !life) return onSettled(error)
      isStored(acknowledgement, life, id, delivery)
        // Whoever owns the session by then will take a redelivery for the first of the two, and leave the second to us.
        .then((stored) => (stored ? null : publisher.publish({ ...message, messageId: id, fencingToken: null })))
        .then(() => onSettled(), onSettled)
    })
  }

  /**
   * The stream holds a message with the delivery's key: true when that is this reading, false when the broker has used the packet id
   * again for an equal payload, and these are two readings.
   *
   * @throws FencedError when another gateway may have stored it.
   */
  async function isStored(
    { stream, sequence }: PublishAcknowledgement,
    life: string,
    id: string,
    delivery: Delivery,
  ): Promise<boolean> {
    if (!delivery.possiblyRedelivered) {
      const stored = await options.storedId(stream, sequence)
      // Our own earlier attempt.
      if (stored === id) return true
      // A broker uses a packet id again when it is acknowledged: what came before may be another message, but what came after
      // was this one, delivered again to who had the session then (ids begin with the time of receipt).
      if (stored === null || stored < id) {
        // By our clock. That of a virtual machine that was paused may be ahead of who has taken its place.
        if (await options.confirmLife(life)) return false
        throw new FencedError('another gateway may have stored it')
      }
    }
    metrics.collapsed.inc()
    return true
  }
}

/** What no broker delivers again is stored whoever owns the partition by then. */
function toMessage(
  subject: string,
  payload: Uint8Array,
  id: string,
  life: string,
  { deliveryKey }: Delivery,
): OutgoingMessage {
  return deliveryKey === null
    ? { subject, payload, messageId: id, fencingToken: null }
    : { subject, payload, messageId: deliveryKey, fencingToken: life }
}

/** Below the socket's own topic, for sockets with `payload_config.subtree`. */
function contextOf(state: SocketDesiredState, topic: string, receivedAt: Date): DecodeContext {
  const own = state.topic
  if (own === null || topic.length <= own.length || !topic.startsWith(`${own}/`)) return { topic, receivedAt }
  return { topic, relativeTopic: topic.slice(own.length + 1), receivedAt }
}
