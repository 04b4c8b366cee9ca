import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@iomt/bus/connect'
import type { Logger } from 'pino'
import { Refusal } from '../changes/refusal.ts'
import { createAudience } from './audience.ts'
import { catchUp } from './catch-up.nats.ts'
import { endInvalidKeys } from './end-invalid-keys.ts'
import { createLiveFeed } from './live-feed.nats.ts'
import { createRecentReadings } from './recent-readings.ts'
import type { ResolvedFilter } from './resolve-filter.ts'
import { gapEvent, positionEvent } from './server-sent-event.ts'
import { createStreamClient, type StreamClient } from './stream-client.ts'
import { passes } from './stream-filter.ts'
import type { StreamMetrics } from './stream-metrics.ts'
import { createReadingReader } from './stream-reading.ts'
import type { StreamSeats } from './stream-seats.ts'
import { createTurnstile } from './turnstile.ts'

/** Milliseconds between two comments to each client. */
const HEARTBEAT_INTERVAL = 15_000
/** Milliseconds between two looks at what all clients together leave unread. */
const BUDGET_INTERVAL = 500
/** Milliseconds that the feed goes on without clients: most come back, and find the last readings still here. */
const LINGER = 30_000
/** Milliseconds that a new client waits for the first answer of NATS. */
const START_TIMEOUT = 5_000
/** Clients that ask NATS for what they missed at once; 500 that come back together are served in turns. */
const CATCH_UP_PLACES = 8

/** Bytes of the last readings that a client gets before it has read them: the rest waits until it has. */
const STEP_BYTES = 65_536

interface StreamRequest extends ResolvedFilter {
  readonly keyId: string
  /** The client has everything up to this sequence; null: it begins with what comes. */
  readonly after: number | null
}

/** All open streams of this process: one reader of JetStream, whatever the number of clients. */
export interface StreamHub {
  /**
   * Serves a client until it is gone. `begin` writes the head of the answer once nothing can be refused any more.
   * @throws Refusal when there are too many streams, or NATS is away.
   */
  open(request: StreamRequest, begin: () => ServerResponse): Promise<void>
  /** NATS was connected or reconnected. */
  natsUp(): void
  /** Ends every stream, with a last event that says so. */
  stop(): Promise<void>
}

export interface StreamHubOptions {
  readonly bus: () => Bus | null
  readonly logger: Logger
  readonly seats: StreamSeats
  /** Bytes that one client may leave unread in this process. */
  readonly maxClientBytes: number
  /** Bytes that all clients together may leave unread. */
  readonly maxTotalBytes: number
  readonly metrics: StreamMetrics
  /** Milliseconds; default {@link HEARTBEAT_INTERVAL}. */
  readonly heartbeatInterval?: number | undefined
  /** Milliseconds; default {@link LINGER}. */
  readonly linger?: number | undefined
  /** Which of these API keys may still be used; asked with every heartbeat. */
  readonly validKeys: (keyIds: readonly string[]) => Promise<ReadonlySet<string>>
}

export function createStreamHub(options: StreamHubOptions): StreamHub {
  const { bus, logger, seats, maxClientBytes, maxTotalBytes, metrics, validKeys } = options
  const clients = new Map<StreamClient, 'live' | 'catching-up'>()
  const readReading = createReadingReader()
  const recent = createRecentReadings()
  const turnstile = createTurnstile(CATCH_UP_PLACES)
  const audience = createAudience((events) => metrics.events.inc(events))
  const feed = createLiveFeed({
    bus,
    logger,
    onStart: (position) => recent.restartAfter(position),
    onMessage(sequence, data) {
      const reading = readReading(sequence, data)
      if (!reading) return metrics.unreadable.inc()
      recent.add(reading)
      audience.deliver(reading)
    },
    onGap(gap, resumeFrom) {
      recent.restartAfter(resumeFrom - 1)
      metrics.gaps.inc()
      audience.broadcast(gapEvent(gap, resumeFrom))
    },
  })
  let stopped = false
  let linger: NodeJS.Timeout | undefined
  const timers = [
    setInterval(beat, options.heartbeatInterval ?? HEARTBEAT_INTERVAL),
    setInterval(keepBudget, BUDGET_INTERVAL),
  ]
  for (const timer of timers) timer.unref()

  function beat(): void {
    // A position must not overtake the readings that wait for the end of the turn.
    audience.flush()
    const position = feed.position()
    const now = performance.now()
    for (const [client, state] of clients) client.heartbeat(state === 'live' ? position : null, now)
    endInvalidKeys(clients.keys(), validKeys).catch((error: unknown) => {
      logger.warn({ reason: messageOf(error) }, 'cannot check the API keys of open streams; trying again')
    })
  }

  function keepBudget(): void {
    for (const [client, state] of clients) if (state === 'live') client.checkPace()
    const held = [...clients.keys()].map((client) => ({ client, bytes: client.buffered() }))
    let total = held.reduce((sum, { bytes }) => sum + bytes, 0)
    metrics.bufferedBytes.set(total)
    if (total <= maxTotalBytes) return
    for (const { client, bytes } of held.sort((one, other) => other.bytes - one.bytes)) {
      if (total <= maxTotalBytes) return
      client.drop('server-busy')
      total -= bytes
    }
  }

  async function startFeed(): Promise<void> {
    clearTimeout(linger)
    const late = sleep(START_TIMEOUT, 'late', { ref: false })
    if (stopped || !bus() || (await Promise.race([feed.start(), late])) === 'late') {
      throw new Refusal(
        'nats-unavailable',
        'NATS cannot be reached, so nothing can be streamed; try again in a moment.',
      )
    }
  }

  function stopFeedLater(): void {
    clearTimeout(linger)
    if (clients.size > 0 || stopped) return
    // One that was waiting for the feed when the last one left may have joined since.
    linger = setTimeout(() => {
      if (clients.size === 0) void feed.stop()
    }, options.linger ?? LINGER)
    linger.unref()
  }

  /** Nothing is awaited between the look and the last line, so that no reading comes in between. */
  async function join(
    client: StreamClient,
    { filter }: ResolvedFilter,
    position: number,
  ): Promise<'live' | number | null> {
    await feed.reached(position, client.gone)
    const live = feed.position()
    if (client.gone.aborted || live === null || live < position || !recent.reachBackTo(position)) return null
    audience.flush()
    let bytes = 0
    for (const reading of recent.after(position)) {
      if (bytes > STEP_BYTES) return reading.sequence - 1
      if (!passes(filter, reading.message)) continue
      const event = reading.event(filter.measurements)
      client.writePaced(event)
      bytes += event.byteLength
    }
    clients.set(client, 'live')
    audience.add(client, filter)
    return 'live'
  }

  async function bring(client: StreamClient, request: StreamRequest, after: number): Promise<void> {
    await catchUp({
      bus,
      logger,
      client,
      filter: request.filter,
      place: request.place,
      after,
      read: readReading,
      turnstile,
      livePosition: () => feed.position() ?? 0,
      join: (position) => join(client, request, position),
      onGap: () => metrics.gaps.inc(),
    })
  }

  return {
    async open(request, begin) {
      const leaveSeat = seats.take(request.keyId)
      try {
        await startFeed()
      } catch (error) {
        leaveSeat()
        stopFeedLater()
        throw error
      }
      const client = createStreamClient({
        response: begin(),
        keyId: request.keyId,
        maxBufferedBytes: maxClientBytes,
        now: performance.now(),
        onDrop(reason) {
          metrics.dropped.inc({ reason })
          logger.info({ key: request.keyId, reason }, 'a telemetry stream was ended')
        },
      })
      clients.set(client, 'catching-up')
      metrics.clients.set(clients.size)
      const leave = () => {
        clients.delete(client)
        audience.remove(client)
        leaveSeat()
        metrics.clients.set(clients.size)
        stopFeedLater()
      }
      if (client.gone.aborted) return leave()
      client.gone.addEventListener('abort', leave, { once: true })
      const after = request.after ?? feed.position() ?? 0
      client.write(positionEvent(after))
      if (request.after !== null) metrics.resumed.inc()
      await bring(client, request, after)
    },
    natsUp: () => feed.natsUp(),
    async stop() {
      stopped = true
      for (const timer of timers) clearInterval(timer)
      clearTimeout(linger)
      audience.flush()
      for (const client of clients.keys()) client.drop('server-stops')
      await feed.stop()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
