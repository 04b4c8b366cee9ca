import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import type { TelemetryStreamGap } from '@iomt/contracts/rest/telemetry-stream'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { TELEMETRY_SUBJECTS } from '@iomt/contracts/subjects'
import type { Logger } from 'pino'
import { createStreamConsumer } from './stream-consumer.nats.ts'

/** Messages of one request: about a second of the busiest stream, so that the round trip between two does not count. */
const BATCH = 4_096
/** Milliseconds between attempts while NATS or the stream is not there. */
const PAUSE = 250

/** What the process reads of the telemetry stream, once for all its clients; only while there are clients. */
export interface LiveFeed {
  /** Sequence of the last message passed on; null until it is known. */
  position(): number | null
  /** Begins to follow at the end of the stream when it does not yet; resolves when the position is known. */
  start(): Promise<void>
  /** Resolves when everything up to `sequence` was passed on. */
  reached(sequence: number, signal: AbortSignal): Promise<void>
  /** NATS is back: what was under way is lost, begin anew at once. */
  natsUp(): void
  /** Ends following; `start` begins anew at the end of the stream. */
  stop(): Promise<void>
}

export interface LiveFeedOptions {
  readonly bus: () => Bus | null
  readonly logger: Logger
  /** A new begin: readings that follow on this sequence come next. */
  readonly onStart: (position: number) => void
  /** Each message once, in the order of the stream. */
  readonly onMessage: (sequence: number, data: Uint8Array) => void
  /** The next message is not the one after the last; `resumeFrom` is its sequence at the earliest. */
  readonly onGap: (gap: TelemetryStreamGap, resumeFrom: number) => void
}

export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const { bus, logger, onStart, onMessage, onGap } = options
  let position: number | null = null
  /** When the stream was made: another time is another stream, whose sequences mean something else. */
  let created: string | null = null
  let following: { stopping: AbortController; ended: Promise<void> } | null = null
  let before: Promise<void> = Promise.resolve()
  let attempt = new AbortController()
  let positionKnown = Promise.withResolvers<void>()
  const waiting = new Set<{ sequence: number; resolve: () => void }>()

  async function follow(stopping: AbortSignal): Promise<void> {
    let reported = ''
    while (!stopping.aborted) {
      attempt = new AbortController()
      const connected = bus()
      try {
        if (connected) await followOnce(connected, AbortSignal.any([stopping, attempt.signal]))
        reported = ''
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (!stopping.aborted && reason !== reported)
          logger.warn({ reason }, 'cannot follow the telemetry stream; trying again')
        reported = reason
      }
      if (!attempt.signal.aborted) await sleep(PAUSE, undefined, { signal: stopping }).catch(() => undefined)
    }
  }

  async function followOnce(connected: Bus, signal: AbortSignal): Promise<void> {
    const first = await findPlace(connected)
    const consumer = await createStreamConsumer({
      bus: connected,
      stream: TELEMETRY_STREAM.name,
      filterSubject: TELEMETRY_SUBJECTS,
      startSequence: first,
      signal,
      onMessage: pass,
    })
    try {
      while (!signal.aborted) await consumer.fetchAsTheyCome(BATCH)
    } finally {
      consumer.close()
    }
  }

  /** The sequence to go on at. What went missing while nobody read is told first. */
  async function findPlace(connected: Bus): Promise<number> {
    await ensureStreams(connected, [TELEMETRY_STREAM])
    const info = await connected.manager.streams.info(TELEMETRY_STREAM.name)
    const { first_seq: first, last_seq: last } = info.state
    if (position === null) {
      position = last
      onStart(last)
      positionKnown.resolve()
    } else if (info.created !== created || last < position) {
      const gap = { from: position + 1, to: null, reason: 'restarted' } as const
      position = Math.max(0, first - 1)
      onGap(gap, position + 1)
      // They wait for sequences that this stream may never have.
      for (const waiter of waiting) waiter.resolve()
    } else if (first > position + 1) {
      skipTo(first)
    }
    created = info.created
    return position + 1
  }

  function pass(sequence: number, data: Uint8Array): void {
    // The consumer takes every subject of the stream, so a jump means that messages were removed before they were read.
    if (position !== null && sequence > position + 1) skipTo(sequence)
    position = sequence
    onMessage(sequence, data)
    for (const waiter of waiting) if (waiter.sequence <= sequence) waiter.resolve()
  }

  function skipTo(sequence: number): void {
    const gap = { from: (position as number) + 1, to: sequence - 1, reason: 'expired' } as const
    position = sequence - 1
    onGap(gap, sequence)
  }

  return {
    position: () => position,
    async start() {
      if (!following) {
        const stopping = new AbortController()
        positionKnown = Promise.withResolvers()
        const ended = before.then(() => {
          position = null
          created = null
          return follow(stopping.signal)
        })
        following = { stopping, ended }
      }
      await positionKnown.promise
    },
    async reached(sequence, signal) {
      if (position !== null && position >= sequence) return
      const settle = Promise.withResolvers<void>()
      const waiter = { sequence, resolve: settle.resolve }
      const give = () => settle.resolve()
      waiting.add(waiter)
      signal.addEventListener('abort', give)
      await settle.promise
      waiting.delete(waiter)
      signal.removeEventListener('abort', give)
    },
    natsUp: () => attempt.abort(),
    async stop() {
      if (following) before = following.ended
      following?.stopping.abort()
      following = null
      await before
    },
  }
}
