import type { Bus } from '@iomt/bus/connect'
import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg } from '@nats-io/nats-core'

const NANOSECONDS = 1_000_000
/** Milliseconds after which the server removes a consumer that nobody asks: a killed process leaves nothing behind. */
const INACTIVE_THRESHOLD = 60_000
/** The server proves every 5 s that it still knows of a request that waits. */
const HEARTBEAT = 5_000
const SILENCE_LIMIT = 2 * HEARTBEAT + 1_000
/** Milliseconds that a request for new messages waits at the server before it is repeated. */
const EXPIRES = 30_000
/** Milliseconds without another message after which a request for what is there has got it, whatever the server's count says. */
const QUIET = 500

export interface StreamConsumerOptions {
  readonly bus: Bus
  readonly stream: string
  readonly filterSubject: string
  readonly startSequence: number
  /** Called in the order of the stream. */
  readonly onMessage: (sequence: number, data: Uint8Array) => void
  readonly signal: AbortSignal
}

/** How a request ended: `more`, there may be more; `end`, the server says that there is no more right now. */
type FetchEnd = 'more' | 'end'

interface Request {
  readonly reply: string
  readonly takesWhatIsThere: boolean
  readonly settle: PromiseWithResolvers<FetchEnd>
  wanted: number
  got: number
  heardAt: number
}

/** Reads a stream in order, without acknowledgements: a position in memory, on the server as little as can be. */
export interface StreamConsumer {
  /** Messages already there. @throws when the order broke, the consumer is gone or the server is silent: begin anew. */
  fetch(messages: number): Promise<FetchEnd>
  /** The same, waiting for messages to come. */
  fetchAsTheyCome(messages: number): Promise<FetchEnd>
  close(): void
}

/**
 * The client library's ordered consumer recreates itself out of sight: which messages are gone for good (aged out while
 * NATS was away) is then nobody's knowledge, and clients must be told. This one ends on any irregularity and its owner
 * begins anew at the sequence after the last one it has got. Pull requests, so that a slow reader holds nothing here.
 */
export async function createStreamConsumer(options: StreamConsumerOptions): Promise<StreamConsumer> {
  const { bus, stream, onMessage, signal } = options
  const { name } = await bus.manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: options.startSequence,
    filter_subject: options.filterSubject,
    replay_policy: ReplayPolicy.Instant,
    inactive_threshold: INACTIVE_THRESHOLD * NANOSECONDS,
    mem_storage: true,
    num_replicas: 1,
  })
  const inbox = createInbox()
  let delivered = 0
  let current: Request | null = null
  let requests = 0
  const subscription = bus.connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) return fail('the subscription ended')
      if (!current) return
      current.heardAt = performance.now()
      if (!message.subject.startsWith(inbox)) onData(message)
      // The late end of a request before says nothing about this one.
      else if (message.subject === current.reply) onStatus(message)
    },
  })
  const onAbort = () => fail('aborted')
  signal.addEventListener('abort', onAbort)

  function fail(reason: string): void {
    current?.settle.reject(new Error(`reading ${stream}: ${reason}`))
    current = null
  }

  function finish(end: FetchEnd): void {
    current?.settle.resolve(end)
    current = null
  }

  function onStatus(message: Msg): void {
    const code = message.headers?.code ?? 0
    // 100: heartbeat; 404: no messages; 408: the request expired. Anything else: deleted, leadership changed, shut down.
    if (code === 404 || code === 408) finish('end')
    else if (code !== 100) fail(`${code} ${message.headers?.description ?? ''}`)
  }

  function onData(message: Msg): void {
    const place = placeOf(message.reply ?? '')
    // Without acknowledgements a message that was lost on the way is never sent again.
    if (place.consumerSequence !== delivered + 1) {
      fail('a message was lost on the way')
      return
    }
    delivered += 1
    onMessage(place.streamSequence, message.data)
    if (!current) return
    current.wanted -= 1
    current.got += 1
    if (current.wanted === 0) finish('more')
    // The server takes a request without waiting for as many as there are, and then says nothing more.
    else if (current.takesWhatIsThere && place.pending === 0) finish('end')
  }

  async function request(messages: number, body: object, takesWhatIsThere: boolean): Promise<FetchEnd> {
    signal.throwIfAborted()
    requests += 1
    const settle = Promise.withResolvers<FetchEnd>()
    const mine = {
      reply: `${inbox}.${requests}`,
      wanted: messages,
      got: 0,
      takesWhatIsThere,
      heardAt: performance.now(),
      settle,
    }
    current = mine
    const watch = setInterval(() => {
      const silence = performance.now() - mine.heardAt
      if (takesWhatIsThere && mine.got > 0 && silence > QUIET) finish('more')
      else if (silence > SILENCE_LIMIT) fail('the server is silent')
    }, QUIET)
    try {
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`
      bus.connection.publish(subject, JSON.stringify(body), { reply: mine.reply })
      return await settle.promise
    } finally {
      clearInterval(watch)
    }
  }

  return {
    fetch: (batch) => request(batch, { batch, no_wait: true }, true),
    fetchAsTheyCome: (batch) =>
      request(batch, { batch, expires: EXPIRES * NANOSECONDS, idle_heartbeat: HEARTBEAT * NANOSECONDS }, false),
    close() {
      signal.removeEventListener('abort', onAbort)
      subscription.unsubscribe()
      // Not awaited: the server removes it by itself when this does not arrive.
      bus.manager.consumers.delete(stream, name).catch(() => undefined)
    },
  }
}

/**
 * Of `$JS.ACK.{stream}.{consumer}.{deliveries}.{stream seq}.{consumer seq}.{time}.{pending}`; servers with a domain put two
 * tokens more before the stream (nats-architecture ADR-15).
 */
function placeOf(reply: string): { streamSequence: number; consumerSequence: number; pending: number } {
  const tokens = reply.split('.')
  const start = tokens.length >= 11 ? 7 : 5
  return {
    streamSequence: Number(tokens[start]),
    consumerSequence: Number(tokens[start + 1]),
    pending: Number(tokens[start + 3]),
  }
}
