import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@iomt/service-runtime/logger'
import { backoffDelay } from '../batch/backoff.ts'
import { type BatchLimits, createBatchQueue } from '../batch/batch-queue.ts'
import { storeWithBisection } from '../batch/bisect.ts'
import type { Rejection } from '../dead-letter.ts'
import { isDataError, isGivenUp, reasonOf } from '../store/classify-error.ts'
import type { Decoded } from './decode.ts'
import type { Delivery, DeliveryAnswers } from './delivery.ts'
import type { PullCredit } from './pull-subscription.ts'

/** Well within the server's 10 s `ack_wait`, with room for two that get lost. */
const EXTEND_INTERVAL = 3_000
/** A writer holds at most this many batches: one at the database, two waiting for it. */
const BATCHES_HELD = 3

/** A message from its arrival to its acknowledgement. */
interface Held {
  readonly delivery: Delivery
  settled: boolean
}

/** A held message and what it says. */
interface Entry<Value> {
  readonly held: Held
  readonly value: Value
}

export interface PipelineOptions<Value> {
  readonly limits: BatchLimits
  /** The server's largest message; the room for messages is at least twice that, so that each fits some time. */
  readonly maxPayload: () => number
  readonly decode: (data: Uint8Array) => Decoded<Value>
  readonly answers: DeliveryAnswers
  /** One transaction: all or nothing. */
  readonly store: (values: readonly Value[]) => Promise<void>
  /** Resolves when the dead-letter stream holds it. */
  readonly reject: (rejection: Rejection) => Promise<void>
  /** False while NATS is away: the client would buffer in-progress acknowledgements without bound. */
  readonly connected: () => boolean
  /** Called when there is room for more messages. */
  readonly onRoom: () => void
  readonly onBatch?: (messages: number, seconds: number) => void
  readonly logger: Logger
  readonly random: () => number
}

export interface Pipeline {
  /** What a pull may bring now; null while less than half of the room is free. */
  credit(): PullCredit | null
  deliver(delivery: Delivery): void
  /** What has been delivered need not wait for others. */
  noMoreForNow(): void
  /** Why messages are waiting, or null while they flow. */
  readonly obstacle: string | null
  /** Messages held, from arrival to acknowledgement. */
  readonly held: number
  /** Stores what it holds when that works within `patience` ms, and hands the rest back to JetStream. */
  stop(patience: number): Promise<void>
}

/**
 * From deliveries to settled messages: batches, transactions, bisection, dead letters, acknowledgements. A message is
 * decoded when its batch is due, not when it comes: what is made of it is several times its size on the heap, and the garbage
 * collector copies all that waits.
 */
export function createPipeline<Value>(options: PipelineOptions<Value>): Pipeline {
  const { limits, decode, answers, store, reject, logger } = options
  const queue = createBatchQueue<Held>(limits)
  const stopping = new AbortController()
  let current: Held[] = []
  let currentBytes = 0
  /** On their way to the dead-letter stream. */
  const rejecting = new Set<Held>()
  let rejectingBytes = 0
  let someRejected = Promise.withResolvers<void>()
  let obstacle: string | null = null
  let wake = Promise.withResolvers<void>()
  let draining = false

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const due = queue.dueIn(performance.now())
      if (due === null && draining) {
        while (rejecting.size > 0) await someRejected.promise
        return
      }
      if (due === null || (due > 0 && !draining)) {
        await waitForWork(due)
        continue
      }
      const before = queue.bytes
      current = queue.take()
      currentBytes = before - queue.bytes
      await settleBatch(current)
      current = []
      currentBytes = 0
      options.onRoom()
    }
  }

  async function waitForWork(due: number | null): Promise<void> {
    wake = Promise.withResolvers<void>()
    if (due === null) return await wake.promise
    const timer = setTimeout(wake.resolve, due)
    await wake.promise
    clearTimeout(timer)
  }

  async function settleBatch(batch: readonly Held[]): Promise<void> {
    const startedAt = performance.now()
    const valid: Entry<Value>[] = []
    const invalid: { held: Held; violation: string }[] = []
    for (const held of batch) {
      const decoded = decode(held.delivery.data)
      if ('value' in decoded) valid.push({ held, value: decoded.value })
      else invalid.push({ held, violation: decoded.violation })
    }
    const poisoned = await storeWithBisection(
      valid,
      storeWhenPossible,
      (error) => isDataError(error) || isGivenUp(error),
    )
    options.onBatch?.(batch.length, (performance.now() - startedAt) / 1_000)
    for (const { held, violation } of invalid) deadLetter(held, 'contract-violation', violation)
    for (const { item, error } of poisoned) deadLetter(item.held, 'rejected-by-database', reasonOf(error))
    await roomForRejected()
  }

  /** A dead-letter stream that is full holds storing up only when a batch of what it should take has gathered. */
  async function roomForRejected(): Promise<void> {
    while (rejecting.size >= limits.items || rejectingBytes >= limits.bytes) {
      obstacle = 'the dead-letter stream does not take what cannot be stored'
      await someRejected.promise
      obstacle = null
    }
  }

  function deadLetter(held: Held, reason: Rejection['reason'], detail: string): void {
    const { delivery } = held
    logger.warn({ subject: delivery.subject, reason, detail }, 'cannot be stored; goes to the dead-letter stream')
    rejecting.add(held)
    rejectingBytes += delivery.data.length
    publishRejected({ delivery, reason, detail }).then(
      () => {
        rejecting.delete(held)
        rejectingBytes -= delivery.data.length
        settle([held])
        someRejected.resolve()
        someRejected = Promise.withResolvers()
        options.onRoom()
      },
      // Stopping: `stop` hands the message back.
      () => undefined,
    )
  }

  /** Waits out whatever keeps the dead letter from its stream. */
  async function publishRejected(rejection: Rejection): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await reject(rejection)
      } catch (error) {
        stopping.signal.throwIfAborted()
        if (attempt === 1) logger.error({ reason: reasonOf(error) }, 'cannot publish a dead letter; trying again')
        await sleep(backoffDelay(attempt, options.random), undefined, { signal: stopping.signal })
      }
    }
  }

  function settle(settled: readonly Held[]): void {
    for (const held of settled) held.settled = true
    answers.acknowledge(settled)
  }

  /**
   * Waits out everything that is not the data's fault: an absent, restarting, full or locked database. Of several, those that
   * the server gave up may be too many for it: throws then, so that fewer are tried.
   */
  async function storeWhenPossible(entries: readonly Entry<Value>[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      stopping.signal.throwIfAborted()
      try {
        await store(entries.map(({ value }) => value))
        if (obstacle !== null) logger.info({ attempts: attempt }, 'the database stores again')
        obstacle = null
        settle(entries.map(({ held }) => held))
        return
      } catch (error) {
        if (isDataError(error)) throw error
        obstacle = reasonOf(error)
        if (isGivenUp(error) && entries.length > 1) {
          logger.warn({ reason: obstacle, readings: entries.length }, 'cannot store so many at once; trying half')
          throw error
        }
        if (attempt === 1 || attempt % 20 === 0) {
          logger.warn({ attempt, reason: obstacle, held: current.length + queue.length }, 'cannot store; trying again')
        }
        await sleep(backoffDelay(attempt, options.random), undefined, { signal: stopping.signal })
      }
    }
  }

  function* unsettled(): Generator<Held> {
    for (const held of current) if (!held.settled && !rejecting.has(held)) yield held
    yield* rejecting
    yield* queue.items()
  }

  const extending = setInterval(() => {
    if (!options.connected()) return
    answers.extend(unsettled())
  }, EXTEND_INTERVAL)

  const running = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })

  return {
    credit() {
      if (draining) return null
      const maxMessages = BATCHES_HELD * limits.items
      const maxBytes = Math.max(BATCHES_HELD * limits.bytes, 2 * options.maxPayload() + 65_536)
      const messages = maxMessages - current.length - queue.length - rejecting.size
      const bytes = maxBytes - currentBytes - queue.bytes - rejectingBytes
      return messages >= maxMessages / 2 && bytes >= maxBytes / 2 ? { messages, bytes } : null
    },
    deliver(delivery) {
      const waitedAlone = queue.length === 0
      queue.add({ delivery, settled: false }, delivery.data.length, performance.now())
      // Only the first of a batch and the one that fills it change when the next batch is due.
      if (waitedAlone || queue.dueIn(0) === 0) wake.resolve()
    },
    noMoreForNow() {
      queue.hurry()
      wake.resolve()
    },
    get obstacle() {
      return obstacle
    },
    get held() {
      return current.length + queue.length + rejecting.size
    },
    async stop(patience) {
      draining = true
      wake.resolve()
      // A dead letter that cannot be published has no end of its own: the race ends the waiting.
      const givenUp = sleep(patience, undefined, { ref: false }).then(() => stopping.abort())
      await Promise.race([running, givenUp])
      stopping.abort()
      clearInterval(extending)
      if (options.connected()) answers.handBack(unsettled())
    },
  }
}
