import { createAcknowledgementQueue, type PendingAcknowledgement } from './acknowledgement-queue.ts'
import { createRedeliveryDetector, deliveryKey } from './delivery-identity.ts'
import type { EchoFilter } from './echo-filter.ts'
import type { InFlight } from './in-flight.ts'
import type { PendingBudget } from './pending-budget.ts'
import type { Delivery, DeliveryHandler, SocketConfig } from './socket-config.ts'
import type { SocketTopics } from './socket-topics.ts'
import type { IncomingPublish, Transport } from './transport.ts'

/** Brokers that redeliver without DUP do it right after CONNACK, within this many milliseconds. */
const REDELIVERY_BURST = 5_000
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
  readonly budget: PendingBudget
  readonly inFlight: InFlight
  readonly deliver: DeliveryHandler
  readonly now: () => number
  /** True once nothing more is to be taken in. */
  readonly stopping: () => boolean
  readonly onTraffic: (socket: SocketConfig, message: { bytes: number; qos: number; dup: boolean }) => void
  /** A message on a topic that no socket has. */
  readonly onStray: (topic: string) => void
}

/**
 * The messages of one established connection: to whom each belongs, when the next one is read, and when each is
 * acknowledged. A new one is made for every connect, so that nothing of it reaches a later session.
 */
export interface BrokerSession {
  onPublish(message: IncomingPublish, next: () => void): void
  /** `forgotten`: what was delivered before it may be too long ago for a deduplication window. */
  opened(transport: Transport, forgotten: boolean): void
  /** Writes the acknowledgements that wait for others. */
  flush(): void
  closed(): void
}

export function createBrokerSession(options: BrokerSessionOptions): BrokerSession {
  const { topics, echoes, budget, inFlight, now } = options
  const queue = createAcknowledgementQueue()
  let early: Array<[IncomingPublish, () => void]> | null = []
  let detector = createRedeliveryDetector(false)
  let transport: Transport | null = null
  let openedAt = 0
  let forgotten = false
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
    const messages = ready
    ready = []
    if (messages.length > 0) transport?.acknowledge(messages)
  }

  /** A handler that throws has not stored it, like one that rejects. */
  function deliver(delivery: Delivery): Promise<void> {
    try {
      return options.deliver(delivery)
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }

  function receive(message: IncomingPublish, next: () => void): void {
    // Left to the next owner, to whom the broker delivers it again. Holding it here instead would keep the broker's closing
    // from being read, and the handover waiting for it.
    if (options.stopping()) {
      next()
      return
    }
    const { topic, payload, qos, packetId, dup, retain } = message
    const pending = qos > 0 && packetId !== undefined ? queue.enqueue(packetId, qos as 1 | 2) : null
    const redelivered = pending !== null && detector.possiblyRedelivered(pending.packetId, dup)
    const sockets = topics.receivers(topic)
    if (sockets.length === 0) options.onStray(topic)
    if (sockets.length === 0 || (!retain && echoes.isEcho(topic, payload))) {
      if (pending) acknowledge(pending)
      next()
      return
    }
    const late = redelivered && forgotten && (dup || now() - openedAt < REDELIVERY_BURST)
    const key =
      pending && !options.cleanSession ? deliveryKey(options.clientId, pending.packetId, topic, payload) : null
    const room = budget.take(payload.length)
    inFlight.enter()
    const receivedAt = new Date(now())
    const stored = sockets.map((socket) => {
      options.onTraffic(socket, { bytes: payload.length, qos, dup })
      return deliver({
        socket,
        topic,
        payload,
        qos,
        retained: retain,
        receivedAt,
        deliveryKey: key && sockets.length > 1 ? `${key}:${socket.socket_id}` : key,
        possiblyRedelivered: redelivered,
        redeliveredLate: late,
      })
    })
    const all = stored.length === 1 ? (stored[0] as Promise<void>) : Promise.all(stored)
    all.then(
      () => {
        if (pending) acknowledge(pending)
        settle(payload.length)
      },
      () => {
        settle(payload.length)
        // MQTT has no negative acknowledgement: a new connection makes the broker deliver it again.
        transport?.destroy()
      },
    )
    if (room) next()
    else budget.whenRoom(next)
  }

  function settle(payloadBytes: number): void {
    budget.give(payloadBytes)
    inFlight.leave()
  }

  return {
    onPublish(message, next) {
      // Messages can arrive in the same packet as CONNACK, before we know whether the session was resumed.
      if (early) early.push([message, next])
      else receive(message, next)
    },
    opened(established, mayBeForgotten) {
      transport = established
      openedAt = now()
      detector = createRedeliveryDetector(established.sessionPresent)
      forgotten = mayBeForgotten
      const messages = early ?? []
      early = null
      for (const [message, next] of messages) receive(message, next)
    },
    flush,
    closed() {
      transport = null
      clearTimeout(flushing)
      clearImmediate(atOnce)
    },
  }
}
