import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { DEAD_LETTER_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWriterMetrics } from '../metrics.ts'
import { type KeptStream, makeRoom } from './stream-room.ts'

const KEPT: KeptStream = { stream: TELEMETRY_STREAM, consumer: 'telemetry-writer' }
const logger = pino({ level: 'silent' })
let nats: NatsServer
let bus: Bus
let metrics: ReturnType<typeof createWriterMetrics>

beforeEach(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'test', logger })
  await ensureStreams(bus, [TELEMETRY_STREAM, DEAD_LETTER_STREAM])
  for (const { name } of [TELEMETRY_STREAM, DEAD_LETTER_STREAM])
    await bus.manager.streams.update(name, { max_msgs: 100 })
  await addConsumer('telemetry-writer')
  metrics = createWriterMetrics()
})
afterEach(async () => {
  await bus.close()
  await nats.stop()
})

const addConsumer = (name: string, filter?: string) =>
  bus.manager.consumers.add(TELEMETRY_STREAM.name, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ...(filter ? { filter_subject: filter } : {}),
  })
const publish = async (count: number, subject = 'iomt.v1.telemetry.hopt.icu.tang3.1._') => {
  for (let index = 0; index < count; index += 1) await bus.jetstream.publish(subject, 'x')
}
const acknowledge = async (name: string, count: number) => {
  const consumer = await bus.jetstream.consumers.get(TELEMETRY_STREAM.name, name)
  for await (const message of await consumer.fetch({ max_messages: count })) await message.ackAck()
}
const room = (kept = KEPT) => makeRoom({ bus, metrics, logger }, kept)
const first = async (stream = TELEMETRY_STREAM.name) => (await bus.manager.streams.info(stream)).state.first_seq

test('what is stored stays for those who resume, until the stream fills; then half of it goes', async () => {
  await publish(60)
  await acknowledge('telemetry-writer', 60)
  expect(await room()).toBe(0)
  await publish(20)
  await acknowledge('telemetry-writer', 20)
  expect(await room()).toBe(30)
  expect(await first()).toBe(31)
  expect((await metrics.streamFill.get()).values).toEqual([{ value: 0.8, labels: { stream: 'IOMT_TELEMETRY' } }])
})

test('nothing goes that is not stored, however full the stream is', async () => {
  await publish(100)
  expect(await room()).toBe(0)
  await acknowledge('telemetry-writer', 12)
  expect(await room()).toBe(12)
  expect(await first()).toBe(13)
  await bus.manager.consumers.delete(TELEMETRY_STREAM.name, 'telemetry-writer')
  expect(await room()).toBe(0)
})

test('what is held and not acknowledged comes again, whoever makes room meanwhile', async () => {
  await bus.manager.consumers.update(TELEMETRY_STREAM.name, 'telemetry-writer', { ack_wait: 1_000_000_000 })
  await publish(80)
  await acknowledge('telemetry-writer', 60)
  const consumer = await bus.jetstream.consumers.get(TELEMETRY_STREAM.name, 'telemetry-writer')
  const fetch = async (count: number) => {
    const sequences: number[] = []
    for await (const { seq } of await consumer.fetch({ max_messages: count, expires: 3_000 })) sequences.push(seq)
    return sequences
  }
  const held = await fetch(20)
  expect(held).toHaveLength(20)
  expect(await room()).toBe(30)
  expect(await fetch(20)).toEqual(held)
})

test('a consumer that began with what was new then holds up nothing that came before', async () => {
  await publish(70)
  await acknowledge('telemetry-writer', 70)
  await bus.manager.consumers.add(TELEMETRY_STREAM.name, {
    durable_name: 'newcomer',
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.New,
  })
  await publish(10)
  await acknowledge('telemetry-writer', 10)
  expect(await room()).toBe(30)
})

test('several writers make room at once', async () => {
  await publish(80)
  await acknowledge('telemetry-writer', 80)
  const dropped = await Promise.all([room(), room(), room()])
  expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(30)
  expect(await first()).toBe(31)
})

test('a slow consumer of another system is waited for until the stream is all but full', async () => {
  await addConsumer('another-system')
  await addConsumer('one-ward', 'iomt.v1.telemetry.hopt.other.>')
  await publish(80)
  await acknowledge('telemetry-writer', 80)
  await acknowledge('another-system', 5)
  // A ward that sends nothing keeps nothing.
  expect(await room()).toBe(5)
  await publish(15)
  await acknowledge('telemetry-writer', 15)
  expect(await room()).toBe(40)
  expect(await first()).toBe(46)
})

test('a consumer that the list leaves out, as a cluster does while its server is away, is waited for all the same', async () => {
  await addConsumer('another-system')
  await publish(80)
  await acknowledge('telemetry-writer', 80)
  const { consumers } = bus.manager
  const listed = async function* (stream: string) {
    for await (const each of consumers.list(stream)) if (each.name !== 'another-system') yield each
  }
  const incomplete = { ...bus, manager: { ...bus.manager, streams: bus.manager.streams, consumers: { list: listed } } }
  expect(await makeRoom({ bus: incomplete as unknown as Bus, metrics, logger }, KEPT)).toBe(0)
  // All but full, only ours counts.
  await publish(15)
  await acknowledge('telemetry-writer', 15)
  expect(await makeRoom({ bus: incomplete as unknown as Bus, metrics, logger }, KEPT)).toBeGreaterThan(0)
})

test('of dead letters the oldest go when nothing more would fit', async () => {
  const letters = { stream: DEAD_LETTER_STREAM, consumer: null }
  await publish(89, 'iomt.v1.deadletter.store.hopt.icu.tang3.1')
  expect(await room(letters)).toBe(0)
  await publish(11, 'iomt.v1.deadletter.store.hopt.icu.tang3.1')
  expect(await room(letters)).toBe(50)
  expect(await first(DEAD_LETTER_STREAM.name)).toBe(51)
})
