import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { createPipelinedPublisher, FencedError, type PipelinedPublisher } from '@iomt/bus/pipelined-publisher'
import { DEAD_LETTER_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import type { Delivery, SocketConfig } from '@iomt/socket-mqtt-client/socket-config'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createGatewayMetrics } from '../metrics.ts'
import { createMessageAssessment } from '../status/message-assessment.ts'
import { desiredSocket } from '../testing/desired-state.ts'
import { createIngest } from './ingest.ts'

const logger = pino({ level: 'silent' })
let nats: NatsServer
let bus: Bus
let publisher: PipelinedPublisher
let ingest: (delivery: Delivery) => Promise<void>
let life: string | null = 'first'
/** What the answer to a beat would say. */
let proved = true

beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'test', logger })
  await ensureStreams(bus, [TELEMETRY_STREAM, DEAD_LETTER_STREAM])
  publisher = createPipelinedPublisher({ connection: bus.connection, logger, fencingToken: () => life })
  ingest = ingestTo(bus, publisher)
})
beforeEach(async () => {
  life = 'first'
  proved = true
  await bus.manager.streams.purge(TELEMETRY_STREAM.name)
})
afterAll(async () => {
  publisher.close()
  await bus.close()
  await nats.stop()
})

function ingestTo({ connection, manager }: Bus, publisher: PipelinedPublisher) {
  const state = desiredSocket('mqtt://127.0.0.1:1883')
  const figures = () => ({ sockets: 0, connections: 0, connected: 0, pendingBytes: 0, strays: 0 })
  const handler = createIngest({
    publisher,
    deadLetterPublisher: publisher,
    life: () => life,
    confirmLife: async (asked) => proved && asked === life,
    desiredState: () => state,
    maxMessageBytes: () => connection.info?.max_payload ?? 0,
    maxPayloadBytes: 262_144,
    storedId: async (stream, seq) =>
      (await manager.streams.getMessage(stream, { seq }))?.json<{ id: string }>().id ?? null,
    afterStore() {},
    onDeadLetter() {},
    assessmentOf: createMessageAssessment,
    onAvailability() {},
    onBirthMissing() {},
    metrics: createGatewayMetrics(new Registry(), figures, () => 0),
  })
  return promisify(handler)
}

const delivery = (changes: Partial<Delivery>): Delivery => ({
  socket: {} as SocketConfig,
  topic: 'ward/socket1',
  payload: Buffer.from('{"voltage":230}'),
  payloadBytes: (changes.payload ?? '{"voltage":230}').length,
  qos: 1,
  retained: false,
  receivedAt: new Date(),
  deliveryKey: null,
  possiblyRedelivered: false,
  redeliveredLate: false,
  ...changes,
})
const stored = async () => (await bus.manager.streams.info(TELEMETRY_STREAM.name)).state.messages

test('a redelivery is stored once', async () => {
  const deliveryKey = randomUUID()
  await ingest(delivery({ deliveryKey }))
  await ingest(delivery({ deliveryKey, possiblyRedelivered: true }))
  expect(await stored()).toBe(1)
})

test('a packet id that the broker used again for an equal payload makes two readings', async () => {
  const deliveryKey = randomUUID()
  await ingest(delivery({ deliveryKey }))
  await ingest(delivery({ deliveryKey }))
  expect(await stored()).toBe(2)
})

test('a thawed zombie stores nothing', async () => {
  life = null
  await expect(ingest(delivery({ deliveryKey: randomUUID() }))).rejects.toThrow(/may not own/)
  expect(await stored()).toBe(0)
})

test('nor does one whose clock stood still: it takes no reading of the new owner for a second one before it knows', async () => {
  const deliveryKey = randomUUID()
  await ingest(delivery({ deliveryKey }))
  proved = false
  await expect(ingest(delivery({ deliveryKey }))).rejects.toThrow(FencedError)
  expect(await stored()).toBe(1)
})

test('what waited here while the session went to somebody else, who stored it, is no second reading', async () => {
  const deliveryKey = randomUUID()
  const receivedAt = new Date()
  const later = new Date(receivedAt.getTime() + 5_000)
  await ingest(delivery({ deliveryKey, receivedAt: later, possiblyRedelivered: true }))
  await ingest(delivery({ deliveryKey, receivedAt }))
  expect(await stored()).toBe(1)
})

test('what was received in a life that is over is not sent, but for what no broker delivers again', async () => {
  const received = [randomUUID(), null].map((deliveryKey) => ingest(delivery({ deliveryKey })))
  // Both wait to be written together.
  life = 'second'
  await expect(received[0]).rejects.toThrow(FencedError)
  await received[1]
  expect(await stored()).toBe(1)
})

test('at QoS 0 equal payloads are as many readings', async () => {
  await Promise.all([1, 2, 3].map(() => ingest(delivery({ qos: 0 }))))
  expect(await stored()).toBe(3)
})

test('a reading about as large as the server takes is stored or a dead letter, to the byte', async () => {
  const limit = 8_192
  const small = await startNats({ config: `max_payload: ${limit}` })
  const bus = await connectBus({ url: small.url, name: 'test', logger })
  expect(bus.connection.info?.max_payload).toBe(limit)
  await ensureStreams(bus, [TELEMETRY_STREAM, DEAD_LETTER_STREAM])
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger })
  const ingest = ingestTo(bus, publisher)
  const lengths = Array.from({ length: 160 }, (_, index) => 7_100 + 5 * index)
  await Promise.all(
    lengths.map((length) =>
      ingest(
        delivery({
          topic: 'ward/"quoted"'.repeat(20),
          payload: Buffer.from(JSON.stringify({ voltage: 230, list: Array(length / 5).fill(1234) })),
        }),
      ),
    ),
  )
  const count = async (stream: string) => (await bus.manager.streams.info(stream)).state.messages
  const counts = [await count(TELEMETRY_STREAM.name), await count(DEAD_LETTER_STREAM.name)]
  expect(Math.min(...counts)).toBeGreaterThan(0)
  expect(counts[0]).toBe(lengths.length - (counts[1] as number))
  publisher.close()
  await bus.close()
  await small.stop()
})
