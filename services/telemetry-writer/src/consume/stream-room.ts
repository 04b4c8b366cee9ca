import type { Bus } from '@iomt/bus/connect'
import { dropMessages } from '@iomt/bus/drop-messages'
import type { StreamDefinition } from '@iomt/contracts/streams'
import type { Logger } from '@iomt/service-runtime/logger'
import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream'
import type { WriterMetrics } from '../metrics.ts'

/** Milliseconds; at 20,000 readings a second a hundredth of the stream. */
const INTERVAL = 5_000
/** Shares of a stream's limit: above the first, room is made down to the second. */
const MAKE_ROOM = 0.7
const KEEP = 0.5
/** Above it only what the product itself has not stored yet is waited for, since a full stream stops every gateway. */
const CROWDED = 0.9

/** A stream, and which durable consumer of ours must have had a message before it may go; null: none. */
export interface KeptStream {
  readonly stream: StreamDefinition
  readonly consumer: string | null
}

export interface StreamRoomOptions {
  readonly bus: Bus
  readonly kept: readonly KeptStream[]
  readonly metrics: Pick<WriterMetrics, 'streamFill'>
  readonly logger: Logger
}

/**
 * Streams keep what is stored for those who resume or replay, for days; but they refuse new messages when they are full. So
 * when a stream fills, its oldest messages go that ours and every other durable consumer have acknowledged, and when it
 * is all but full, those that ours has.
 */
export function keepRoomInStreams(options: StreamRoomOptions): { stop(): void } {
  const { kept, logger } = options
  const failing = new Set<string>()
  const look = async () => {
    for (const each of kept) {
      const { name } = each.stream
      try {
        await makeRoom(options, each)
        failing.delete(name)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (!failing.has(name)) logger.warn({ stream: name, reason }, 'cannot make room in the stream; trying again')
        failing.add(name)
      }
    }
  }
  let looking = false
  const done = () => {
    looking = false
  }
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look().then(done, done)
  }, INTERVAL)
  return { stop: () => clearInterval(timer) }
}

/** @returns how many messages went. */
export async function makeRoom(
  { bus, metrics, logger }: Omit<StreamRoomOptions, 'kept'>,
  { stream, consumer }: KeptStream,
): Promise<number> {
  const { streams, consumers } = bus.manager
  const info = await streams.info(stream.name)
  const fill = fillOf(info)
  metrics.streamFill.set({ stream: stream.name }, fill)
  const crowded = fill >= CROWDED
  if (fill < MAKE_ROOM || (consumer === null && !crowded)) return 0

  // Asked after the stream: who has nothing left to get has had all that the stream held then.
  const durable: ConsumerInfo[] = []
  let listed = 0
  for await (const each of consumers.list(stream.name)) {
    listed += 1
    if (each.config.durable_name) durable.push(each)
  }
  // Of a cluster, those on a server that does not answer are left out.
  if (listed < info.state.consumer_count && !crowded) return 0
  const ours = durable.filter(({ name }) => name === consumer)
  if (consumer !== null && ours.length === 0) return 0
  const had = Math.min(...(crowded ? ours : durable).map(acknowledgedUpTo))
  const { first_seq: first, last_seq: last } = info.state
  const upTo = Math.min(had, first + Math.ceil((last - first + 1) * (1 - KEEP / fill)) - 1)
  if (upTo < first) return 0

  const behind = durable.filter((each) => acknowledgedUpTo(each) < upTo).map(({ name }) => name)
  const dropped = await dropMessages(bus, stream.name, first, upTo)
  const figures = { stream: stream.name, fill, dropped }
  if (consumer === null) logger.warn(figures, 'the stream is full of messages that nobody took away; the oldest went')
  else if (behind.length > 0) logger.warn({ ...figures, behind }, 'the stream is full; slow consumers miss messages')
  else logger.debug(figures, 'made room in the stream')
  return dropped
}

/** Of the limit that is nearest. */
function fillOf({ state, config }: StreamInfo): number {
  const share = (used: number, limit: number) => (limit > 0 ? used / limit : 0)
  return Math.max(share(state.bytes, config.max_bytes), share(state.messages, config.max_msgs))
}

/** With nothing under way all that was delivered is acknowledged, also when that is nothing of what came before the consumer. */
function acknowledgedUpTo({ num_pending, num_ack_pending, ack_floor, delivered, config }: ConsumerInfo): number {
  if (num_ack_pending > 0) return ack_floor.stream_seq
  // What does not pass its filter is nothing to wait for.
  if (num_pending === 0 && (config.filter_subject || config.filter_subjects?.length)) return Number.POSITIVE_INFINITY
  return Math.max(ack_floor.stream_seq, delivered.stream_seq)
}
