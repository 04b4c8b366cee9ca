// What JetStream can store from one connection: own reply inbox, a window of acknowledgements, each counted.
import { connect, createInbox } from '@nats-io/transport-node'
import { serveForkedTask } from '../measure/forked-task.ts'

export interface JetstreamPublisherInput {
  readonly url: string
  readonly seconds: number
  readonly window: number
  readonly payload: string
  /** The stream takes them. */
  readonly subjects: readonly string[]
}

const STREAM = 's'.charCodeAt(0)

serveForkedTask<JetstreamPublisherInput>(async ({ url, seconds, window, payload, subjects }) => {
  const connection = await connect({ servers: url, noAsyncTraces: true })
  const inbox = createInbox()
  const data = Buffer.from(payload)
  let sent = 0
  let stored = 0
  let over = false
  const finished = Promise.withResolvers<void>()
  let filling = false
  // Once a turn of the event loop: the client library would make a system call for each message that is published alone.
  const fillSoon = () => {
    if (filling) return
    filling = true
    setImmediate(fill)
  }
  const fill = () => {
    filling = false
    while (!over && sent - stored < window) {
      connection.publish(subjects[sent % subjects.length] as string, data, { reply: `${inbox}.${sent}` })
      sent += 1
    }
    if (over && stored === sent) finished.resolve()
  }
  connection.subscribe(`${inbox}.*`, {
    callback: (_error, message) => {
      // `{"stream":…,"seq":…}` or `{"error":…}`
      if (message.data[2] !== STREAM) finished.reject(new Error(message.string()))
      stored += 1
      fillSoon()
    },
  })
  const startedAt = performance.now()
  setTimeout(() => {
    over = true
  }, seconds * 1_000)
  fill()
  await finished.promise
  const elapsed = (performance.now() - startedAt) / 1_000
  await connection.close()
  return { messages: stored, seconds: elapsed }
})
