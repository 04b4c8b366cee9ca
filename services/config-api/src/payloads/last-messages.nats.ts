import type { Bus } from '@iomt/bus/connect'
import { createStreamConsumer } from '../telemetry-stream/stream-consumer.nats.ts'

/** How far back is looked at first, in sequences of the stream, and how much farther each time nothing much is found. */
const FIRST_WINDOW = 256
const WIDER = 8
const BATCH = 256
/** Milliseconds for one window, and those after which none is begun that is {@link WIDER} times as long. */
const TIMEOUT = 10_000
const WIDENING = 1_000

export interface LastMessagesQuery<Message> {
  readonly stream: string
  readonly subject: string
  readonly count: number
  /** Null: not one of those that are wanted. */
  readonly read: (data: Uint8Array) => Message | null
}

/**
 * The last messages under a subject, newest first. JetStream reads forwards only: so from a place before the last one, farther
 * back until there are enough, or until that begins to take long: then there are fewer.
 */
export async function lastMessages<Message>(bus: Bus, query: LastMessagesQuery<Message>): Promise<Message[]> {
  const { stream, subject, count } = query
  const last = await bus.manager.streams.getMessage(stream, { last_by_subj: subject })
  if (!last) return []
  const { state } = await bus.manager.streams.info(stream)
  const begun = performance.now()
  for (let window = FIRST_WINDOW; ; window *= WIDER) {
    const start = Math.max(state.first_seq, last.seq - window + 1)
    const found = await readForward(bus, query, start, last.seq)
    const isAll = start === state.first_seq
    if (found.length >= count || isAll || performance.now() - begun > WIDENING) return found.reverse()
  }
}

async function readForward<Message>(
  bus: Bus,
  { stream, subject, count, read }: LastMessagesQuery<Message>,
  start: number,
  end: number,
): Promise<Message[]> {
  const found: Message[] = []
  let reached = 0
  const consumer = await createStreamConsumer({
    bus,
    stream,
    filterSubject: subject,
    startSequence: start,
    signal: AbortSignal.timeout(TIMEOUT),
    onMessage(sequence, data) {
      reached = sequence
      const message = read(data)
      if (message === null) return
      found.push(message)
      if (found.length > count) found.shift()
    },
  })
  try {
    while (reached < end && (await consumer.fetch(BATCH)) === 'more');
    return found
  } finally {
    consumer.close()
  }
}
