import type { Bus } from '@iomt/bus/connect'
import { isConsumerMissing, isStreamMissing } from '@iomt/bus/errors'
import { createInbox, type Msg, type Subscription } from '@nats-io/nats-core'
import { watchConnection } from './connection-watch.ts'
import type { Delivery } from './delivery.ts'

const NANOSECONDS = 1_000_000
/** Milliseconds after which the server ends a request that it could not fill. */
const EXPIRES = 30_000
/** The server proves every 2 s that it still knows of the request. */
const HEARTBEAT = 2_000
/** nats-server 2.9 does not answer a request to a consumer that was deleted. */
const SILENCE_LIMIT = 2 * HEARTBEAT + 1_000

/** How much a request may bring. */
export interface PullCredit {
  readonly messages: number
  readonly bytes: number
}

export interface PullOptions {
  readonly bus: Bus
  readonly stream: string
  readonly durable: string
  /** Asked before each request; null: no room for a useful one, ask again on `resume()`. */
  readonly credit: () => PullCredit | null
  /** Milliseconds that messages gather in the stream before they are asked for; those of a backlog do not wait. */
  readonly gather: number
  readonly deliver: (delivery: Delivery) => void
  /** What was there has been delivered: nothing comes for {@link gather} ms. */
  readonly onPause: () => void
}

/** Why pulling has ended for good. */
type PullEnd = 'stopped' | 'consumer-missing'

export interface PullSubscription {
  readonly ended: Promise<PullEnd>
  /** Room was made: asks `credit` again. */
  resume(): void
  stop(): void
}

/**
 * Pulls from a durable consumer, one request at a time, each for what has gathered since the one before, or for the first that
 * comes. Were a request always open, the server would wake up for every single message: gathered for 20 ms, storing and
 * delivering one takes it 20 µs instead of 24. The client library's `consume()` cannot be used: what it has
 * fetched and not yet handed out is out of reach of in-progress acknowledgements, so that a stalled database would have
 * it all redelivered after `ack_wait`, and its byte limit stalls for two heartbeats when a large message does not fit.
 * Here everything the server sent is in the caller's hands at once, and never more than it gave credit for.
 */
export function createPullSubscription(options: PullOptions): PullSubscription {
  const { bus, stream, durable, credit, gather, deliver, onPause } = options
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`
  const ended = Promise.withResolvers<PullEnd>()
  let inbox = ''
  let subscription: Subscription | undefined
  /** Messages that the request under way may still bring; 0: none is under way. */
  let outstanding = 0
  /** Messages that it has brought. */
  let brought = 0
  let lastHeard = performance.now()
  let notBefore = 0
  let pause: NodeJS.Timeout | undefined
  let checking = false
  let closed = false

  function request(): void {
    if (closed || outstanding > 0 || performance.now() < notBefore) return
    const room = credit()
    if (!room) return
    outstanding = room.messages
    brought = 0
    lastHeard = performance.now()
    const body = {
      batch: room.messages,
      max_bytes: room.bytes,
      // With `expires`: waits only while there is nothing.
      no_wait: true,
      expires: EXPIRES * NANOSECONDS,
      idle_heartbeat: HEARTBEAT * NANOSECONDS,
    }
    bus.connection.publish(subject, JSON.stringify(body), { reply: inbox })
  }

  function end(reason: PullEnd): void {
    if (closed) return
    closed = true
    clearInterval(watch)
    clearTimeout(pause)
    subscription?.unsubscribe()
    connection.stop()
    ended.resolve(reason)
  }

  /** A request under way on the old inbox loses its interest there, so at most one request is ever served. */
  function renew(): void {
    subscription?.unsubscribe()
    inbox = createInbox()
    outstanding = 0
    subscription = bus.connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return end('stopped')
        lastHeard = performance.now()
        // Messages have somewhere to be acknowledged; their subjects, which are long, need not be decoded to tell.
        if (!message.reply) return onStatus(message)
        outstanding = Math.max(0, outstanding - 1)
        brought += 1
        deliver(message)
        if (outstanding === 0) request()
      },
    })
    request()
  }

  function onStatus(message: Msg): void {
    const code = message.headers?.code ?? 0
    const description = message.headers?.description ?? ''
    // Since nats-server 2.10 a request that brought all it could is followed by 409 "Batch Completed": by then the next one
    // may be under way.
    if (code === 100 || /batch completed/i.test(description)) return
    outstanding = 0
    if (code === 409 && /consumer deleted/i.test(description)) {
      end('consumer-missing')
      return
    }
    // 404, 408: no more is there, or nothing came; 409 "Message Size Exceeds MaxBytes": full.
    const emptied = code === 404 || code === 408
    if (emptied && brought > 0) {
      gatherMore()
      return
    }
    // Anything else (503 while the server starts, 409 on a leadership change) needs a pause before the next attempt.
    if (!emptied && !/message size exceeds/i.test(description)) notBefore = performance.now() + 500
    // Nobody took the request: nats-server 2.10 and later say so of a consumer that was deleted while none was under way.
    if (code === 503 && !checking) void check()
    else request()
  }

  function gatherMore(): void {
    notBefore = performance.now() + gather
    clearTimeout(pause)
    // A timer may be a little early.
    pause = setTimeout(request, gather + 1)
    onPause()
  }

  async function check(): Promise<void> {
    if (closed) return
    checking = true
    try {
      await bus.manager.consumers.info(stream, durable)
      if (!closed) renew()
    } catch (error) {
      // Without JetStream's answer nothing is known; the next look asks again.
      if (isConsumerMissing(error) || isStreamMissing(error)) end('consumer-missing')
    } finally {
      checking = false
    }
  }

  const connection = watchConnection(bus.connection, {
    // A restarted server has forgotten the request, and may have lost the consumer.
    onReconnect: () => void check(),
    onClose: () => end('stopped'),
  })

  const watch = setInterval(() => {
    if (outstanding === 0) request()
    else if (!checking && performance.now() - lastHeard > SILENCE_LIMIT) void check()
  }, 500)

  renew()
  return { ended: ended.promise, resume: request, stop: () => end('stopped') }
}
