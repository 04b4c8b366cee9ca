import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@iomt/bus/connect'
import type { TelemetryStreamGap } from '@iomt/contracts/rest/telemetry-stream'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { TELEMETRY_SUBJECTS } from '@iomt/contracts/subjects'
import type { MsgRequest } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { resumePoint } from './resume-point.ts'
import { gapEvent } from './server-sent-event.ts'
import type { StreamClient } from './stream-client.ts'
import { createStreamConsumer, type StreamConsumer } from './stream-consumer.nats.ts'
import { passes, type StreamFilter } from './stream-filter.ts'
import type { StreamReading } from './stream-reading.ts'
import { catchUpSubject, type SubjectPlace } from './stream-subject.ts'
import type { Turnstile } from './turnstile.ts'

/** Readings of one request: what one client may hold in this process while it catches up. */
const BATCH = 64
/** Milliseconds between attempts while NATS is away. */
const PAUSE = 500

export interface CatchUpOptions {
  readonly bus: () => Bus | null
  readonly logger: Logger
  readonly client: StreamClient
  readonly filter: StreamFilter
  readonly place: SubjectPlace
  /** The client has everything up to this sequence. */
  readonly after: number
  readonly read: (sequence: number, data: Uint8Array) => StreamReading | null
  /** Limits how many clients ask NATS at once. */
  readonly turnstile: Turnstile
  /** What live clients have got already. */
  readonly livePosition: () => number
  /**
   * For a client that has everything up to `position`: `live` when it has been made live; the position that it was brought
   * to when more is to come; null when the last readings do not reach back to it.
   */
  readonly join: (position: number) => Promise<'live' | number | null>
  readonly onGap: () => void
}

interface Reader {
  readonly consumer: StreamConsumer
  readonly subject: string
  readonly bus: Bus
}

/**
 * Brings a client from its last event to the present and makes it live. The client's own pace sets the speed: the next
 * batch is asked for when the last one has left this process. Resolves when the client is live or gone.
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { bus, logger, client, filter, turnstile, livePosition, join } = options
  let position = options.after
  let reader = null as Reader | null
  /** The first of the present batch; null: none yet. */
  let first: number | null = null

  async function begin(): Promise<Reader> {
    const connected = bus()
    if (!connected) throw new Error('NATS cannot be reached')
    const { state } = await connected.manager.streams.info(TELEMETRY_STREAM.name)
    const { next, gap } = resumePoint(position, { first: state.first_seq, last: state.last_seq })
    if (gap) tell(gap, next)
    position = next - 1
    const oldest = await nextMessage(connected, TELEMETRY_SUBJECTS, next)
    const subject = catchUpSubject(options.place, oldest?.time ?? new Date())
    const consumer = await createStreamConsumer({
      bus: connected,
      stream: TELEMETRY_STREAM.name,
      filterSubject: subject,
      startSequence: next,
      signal: client.gone,
      onMessage(sequence, data) {
        first ??= sequence
        position = sequence
        const reading = options.read(sequence, data)
        if (reading && passes(filter, reading.message)) client.writePaced(reading.event(filter.measurements))
      },
    })
    return { consumer, subject, bus: connected }
  }

  /**
   * The consumer found nothing more, by a count of the server that is known to err (nats-server before 2.10). Asked
   * directly, the stream itself says that nothing of ours lies before what live clients have.
   */
  async function proveEnd({ subject, bus: connected }: Reader): Promise<void> {
    const live = livePosition()
    const another = await nextMessage(connected, subject, position + 1)
    if (another === null) position = Math.max(position, live)
  }

  function tell(gap: TelemetryStreamGap, resumeFrom: number): void {
    client.write(gapEvent(gap, resumeFrom))
    options.onGap()
  }

  /** The stream may lose its oldest messages before a slow client comes to them; the consumer then goes on behind them, silently. */
  async function tellOfExpired({ bus: connected }: Reader, before: number): Promise<void> {
    if (first === before + 1) return
    const { state } = await connected.manager.streams.info(TELEMETRY_STREAM.name)
    const to = Math.min(state.first_seq, first ?? state.first_seq) - 1
    if (to <= before) return
    position = Math.max(position, to)
    tell({ from: before + 1, to, reason: 'expired' }, position + 1)
  }

  async function advance(): Promise<void> {
    if (client.gone.aborted) return
    reader ??= await begin()
    const before = position
    first = null
    const end = await reader.consumer.fetch(BATCH)
    await tellOfExpired(reader, before)
    if (end === 'end') await proveEnd(reader)
  }

  try {
    while (!client.gone.aborted) {
      // A position from elsewhere that live clients have not reached may be of another stream: look first.
      const step = reader || position <= livePosition() ? await join(position) : null
      if (step === 'live') return
      try {
        if (step === null) {
          await turnstile.pass(advance)
        } else {
          position = step
          // It would go on where it was before.
          reader?.consumer.close()
          reader = null
        }
        await client.drained()
      } catch (error) {
        reader?.consumer.close()
        reader = null
        if (client.gone.aborted) return
        logger.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          'catching up failed; trying again',
        )
        await sleep(PAUSE)
      }
    }
  } finally {
    reader?.consumer.close()
  }
}

/** The first message at or after a sequence under a subject; the client library's type knows less than its call sends. */
async function nextMessage(bus: Bus, subject: string, sequence: number): Promise<{ time: Date } | null> {
  const query = { seq: sequence, next_by_subj: subject }
  return await bus.manager.streams.getMessage(TELEMETRY_STREAM.name, query as MsgRequest)
}
