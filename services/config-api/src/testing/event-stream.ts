import { get, type IncomingMessage } from 'node:http'

interface SentEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
}

/** A client of server-sent events that can stop reading. */
export interface EventStream {
  readonly response: IncomingMessage
  /** Everything but comments, in order. */
  readonly events: SentEvent[]
  readonly comments: string[]
  /** The last `id` that came, as a browser would send it back. */
  lastId(): string | undefined
  /** Sequences of the readings that came. */
  sequences(): number[]
  /** Stops reading from the connection. */
  pause(): void
  resume(): void
  /** Resolves when either side has ended it. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

/** Opens it and resolves with the head of the answer. @throws with the answer's text when it is no event stream. */
export async function openEventStream(
  url: string,
  key: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(url, { agent: false, headers: { authorization: `Bearer ${key}`, ...headers } }, resolve)
    request.on('error', reject)
  })
  if (response.statusCode !== 200) {
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    throw new Error(`${response.statusCode} ${text}`)
  }
  const events: SentEvent[] = []
  const comments: string[] = []
  let lastId: string | undefined
  let rest = ''
  const ended = new Promise<void>((resolve) => response.on('close', resolve))
  response.on('error', () => undefined)
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() as string
    for (const block of blocks) {
      const fields = new Map<string, string>()
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':')
        if (colon === 0) comments.push(line.slice(1).trim())
        else fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart())
      }
      lastId = fields.get('id') ?? lastId
      if (fields.size > 0) events.push({ id: fields.get('id'), event: fields.get('event'), data: fields.get('data') })
    }
  })
  return {
    response,
    events,
    comments,
    ended,
    lastId: () => lastId,
    sequences: () => events.filter(({ event }) => event === 'telemetry').map(({ id }) => Number(id)),
    pause: () => response.socket.pause(),
    resume: () => response.socket.resume(),
    async close() {
      response.destroy()
      await ended
    },
  }
}
