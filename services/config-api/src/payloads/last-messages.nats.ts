import type { Bus } from '@iomt/bus/connect'
import { createStreamConsumer } from '../telemetry-stream/stream-consumer.nats.ts'

/** How far back is looked at first, in sequences of the stream, and how much farther each time nothing much is found. */
const FIRST_WINDOW = 256
const WIDER = 8
const BATCH = 256

export interface StreamMessage {
  readonly sequence: number
  readonly data: Uint8Array
}

/**
 * The last messages under a subject, newest first. JetStream reads forwards only: so from a place before the last one, farther
 * back until there are enough.
 */
export async function lastMessages(bus: Bus, stream: string, subject: string, count: number): Promise<StreamMessage[]> {
  const last = await bus.manager.streams.getMessage(stream, { last_by_subj: subject })
  if (!last) return []
  const { state } = await bus.manager.streams.info(stream)
  for (let window = FIRST_WINDOW; ; window *= WIDER) {
    const start = Math.max(state.first_seq, last.seq - window + 1)
    const found = await readForward(bus, { stream, subject, start, end: last.seq, keep: count })
    if (found.length >= count || start === state.first_seq) return found.reverse()
  }
}

interface Range {
  readonly stream: string
  readonly subject: string
  readonly start: number
  readonly end: number
  readonly keep: number
}

async function readForward(bus: Bus, { stream, subject, start, end, keep }: Range): Promise<StreamMessage[]> {
  const found: StreamMessage[] = []
  let reached = 0
  const consumer = await createStreamConsumer({
    bus,
    stream,
    filterSubject: subject,
    startSequence: start,
    signal: AbortSignal.timeout(10_000),
    onMessage(sequence, data) {
      reached = sequence
      found.push({ sequence, data })
      if (found.length > keep) found.shift()
    },
  })
  try {
    while (reached < end && (await consumer.fetch(BATCH)) === 'more');
    return found
  } finally {
    consumer.close()
  }
}
