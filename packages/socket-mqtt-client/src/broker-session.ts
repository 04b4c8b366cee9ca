import { createAcknowledgementQueue, type PendingAcknowledgement } from './acknowledgement-queue.ts'
import { createRedeliveryDetector, deliveryKey, REDELIVERY_BURST } from './delivery-identity.ts'
import type { EchoFilter } from './echo-filter.ts'
import type { InFlight } from './in-flight.ts'
import type { ConnectionBudget } from './pending-budget.ts'
import { createSettlement } from './settlement.ts'
import type { Delivery, DeliveryHandler, OnSettled, SocketConfig } from './socket-config.ts'
import type { SocketTopics } from './socket-topics.ts'
import type { ReceivedMessage } from './socket-traffic.ts'
import type { IncomingPublish, Transport } from './transport.ts'

/** A deduplication window (2 minutes) surely still knows what was delivered this many milliseconds ago. */
export const SURELY_REMEMBERED = 60_000
/**
 * Acknowledgements wait for each other so long (milliseconds), or until there are so many, since each write costs a system call
 * here and one at the broker. Half of Mosquitto's window of 20, so that it never has to wait.
 */
const ACKNOWLEDGED_AFTER = 5
const ACKNOWLEDGED_AT_ONCE = 10

export interface BrokerSessionOptions {
  readonly clientId: string
  readonly cleanSession: boolean
  readonly topics: SocketTopics
  readonly echoes: EchoFilter
  readonly budget: ConnectionBudget
  readonly inFlight: InFlight
  readonly deliver: DeliveryHandler
  readonly now: () => number
  /** True once nothing more is to be taken in. */
  readonly stopping: () => boolean
  readonly onTraffic: (socket: SocketConfig, message: ReceivedMessage) => void
  /** A message of the socket that came `receivedAt` was stored `at`, in milliseconds since 1970. */
  readonly onStored: (socket: SocketConfig, receivedAt: number, at: number) => void
  /** A message on a topic that no socket has. */
  readonly onStray: (topic: string) => void
  /** MQTT has no negative acknowledgement: only a new connection makes the broker deliver the message again. */
  readonly onNotStored: () => void
  /** The {@link BrokerSession.servedUntil} of the connection before. */
  readonly servedBefore: number | null
}

/**
 * The messages of one established connection: to whom each belongs, when the next one is read, and when each is
 * acknowledged. A new one is made for every connect, so that nothing of it reaches a later session.
 */
export interface BrokerSession {
  onPublish(message: IncomingPublish, next: () => void): void
  opened(transport: Transport): void
  /** Writes the acknowledgements that wait for others. */
  flush(): void
  closed(): void
  /**
   * What the broker delivered before this time (milliseconds since 1970) is acknowledged: it will not deliver it again. Null
   * when that is not known.
   */
  servedUntil(): number | null
}

export function createBrokerSession(options: BrokerSessionOptions): BrokerSession {
  const { topics, echoes, budget, inFlight, now, servedBefore } = options
  const queue = createAcknowledgementQueue()
  let early: Array<[IncomingPublish, () => void]> | null = []
  let detector = createRedeliveryDetector(false, now)
  let transport: Transport | null = null
  let closed = false
  let forgotten = false
  /** Until then the broker may still be delivering again what an earlier connection did not acknowledge. */
  let redeliveringUntil = Number.POSITIVE_INFINITY
  /** The oldest message whose acknowledgement was late, and may have been lost with the connection a moment later. */
  let acknowledgedLate = { since: Number.POSITIVE_INFINITY, at: 0 }
  let ready: PendingAcknowledgement[] = []
  let flushing: NodeJS.Timeout | undefined
  let atOnce: NodeJS.Immediate | undefined

  function acknowledge(pending: PendingAcknowledgement): void {
    const released = queue.stored(pending)
    if (released.length === 0 || !transport) return
    for (const message of released) ready.push(message)
    if (ready.length >= ACKNOWLEDGED_AT_ONCE) atOnce ??= setImmediate(flush)
    else flushing ??= setTimeout(flush, ACKNOWLEDGED_AFTER)
  }

  function flush(): void {
    clearTimeout(flushing)
    flushing = undefined
    clearImmediate(atOnce)
    atOnce = undefined
    if (ready.length === 0 || !transport) return
    const messages = ready
    ready = []
    transport.acknowledge(messages)
    const at = now()
    const { since } = messages[0] as PendingAcknowledgement
    if (at - since > SURELY_REMEMBERED / 2) acknowledgedLate = { since, at }
  }

  function servedUntil(): number | null {
    const at = now()
    if (at < redeliveringUntil) return options.servedBefore
    const late = at - acknowledgedLate.at < SURELY_REMEMBERED ? acknowledgedLate.since : at
    return Math.min(queue.oldest(at), ready[0]?.since ?? at, late)
  }

  /** A handler that throws has not stored it. */
  function deliver(delivery: Delivery, onSettled: OnSettled): void {
    try {
      options.deliver(delivery, onSettled)
    } catch (error) {
      onSettled(error instanceof Error ? error : new Error(String(error)))
    }
  }

  function receive(message: IncomingPublish, next: () => void): void {
    // Left to the next owner, to whom the broker delivers it again. Holding it here instead would keep the broker's closing
    // from being read, and the handover waiting for it. What a closed connection had brought and nobody had room for comes again, too.
    if (options.stopping() || closed) {
      next()
      return
    }
    const { topic, payload, payloadBytes, qos, packetId, dup, retain } = message
    const received = now()
    const redelivery = packetId === undefined ? 'none' : detector.judge(packetId, dup)
    const since = redelivery === 'likely' ? (servedBefore ?? Number.NEGATIVE_INFINITY) : received
    const pending = qos > 0 && packetId !== undefined ? queue.enqueue(packetId, qos as 1 | 2, since) : null
    // What is redelivered comes before anything new (MQTT-4.6.0-1).
    if (pending && redelivery !== 'likely') redeliveringUntil = 0
    const sockets = topics.receivers(topic)
    if (sockets.length === 0) options.onStray(topic)
    if (sockets.length === 0 || (!retain && echoes.isEcho(topic, payload))) {
      if (pending) acknowledge(pending)
      next()
      return
    }
    const key =
      pending && !options.cleanSession ? deliveryKey(options.clientId, pending.packetId, topic, payload) : null
    const bytes = payload.length
    const room = budget.take(bytes)
    inFlight.enter()
    const receivedAt = new Date(received)
    const receiver = createSettlement(sockets.length, (stored) => {
      if (stored && pending) acknowledge(pending)
      if (stored) {
        const at = now()
        for (const socket of sockets) options.onStored(socket, received, at)
      }
      budget.give(bytes)
      inFlight.leave()
      // Of a connection that is gone already, the broker delivers everything again.
      if (!stored && transport) options.onNotStored()
    })
    for (const socket of sockets) {
      options.onTraffic(socket, { bytes: payloadBytes, qos, dup, at: received })
      deliver(
        {
          socket,
          topic,
          payload,
          payloadBytes,
          qos,
          retained: retain,
          receivedAt,
          deliveryKey: key && sockets.length > 1 ? `${key}:${socket.socket_id}` : key,
          possiblyRedelivered: redelivery !== 'none',
          redeliveredLate: redelivery === 'likely' && forgotten,
        },
        receiver(),
      )
    }
    if (room) next()
    else budget.whenRoom(next)
  }

  return {
    onPublish(message, next) {
      // Messages can arrive in the same packet as CONNACK, before we know whether the session was resumed.
      if (early) early.push([message, next])
      else receive(message, next)
    },
    opened(established) {
      transport = established
      const openedAt = now()
      detector = createRedeliveryDetector(established.sessionPresent, now)
      forgotten = servedBefore === null || openedAt - servedBefore > SURELY_REMEMBERED
      redeliveringUntil = established.sessionPresent ? openedAt + REDELIVERY_BURST : 0
      const messages = early ?? []
      early = null
      for (const [message, next] of messages) receive(message, next)
    },
    flush,
    closed() {
      closed = true
      transport = null
      clearTimeout(flushing)
      clearImmediate(atOnce)
    },
    servedUntil,
  }
}
