import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { AckPolicy } from '@nats-io/jetstream'
import { headers } from '@nats-io/nats-core'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDeliveryAnswers, type DeliveryAnswers } from './delivery.ts'
import { createPullSubscription } from './pull-subscription.ts'

const BATCH = 10
const MESSAGES = 20 * BATCH

const logger = pino({ level: 'silent' })
let nats: Awaited<ReturnType<typeof startNats>>
let bus: Bus
let publisher: Bus
let answers: DeliveryAnswers

beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'puller', logger })
  answers = createDeliveryAnswers(bus.connection)
  publisher = await connectBus({ url: nats.url, name: 'publisher', logger })
})
afterAll(async () => {
  await publisher.close()
  await bus.close()
  await nats.stop()
})

test('one request at a time, also when the server reports the end of the one before (nats-server 2.10 and later)', async () => {
  await bus.manager.streams.add({ name: 'PULLED', subjects: ['pulled.>'] })
  await bus.manager.consumers.add('PULLED', { durable_name: 'reader', ack_policy: AckPolicy.Explicit })
  for (let sent = 0; sent < MESSAGES; sent += 1) await publisher.jetstream.publish('pulled.a', String(sent))

  let requests = 0
  let inbox = ''
  publisher.connection.subscribe('$JS.API.CONSUMER.MSG.NEXT.PULLED.reader', {
    callback: (_error, message) => {
      requests += 1
      inbox = message.reply ?? ''
    },
  })
  await publisher.connection.flush()
  const delivered: string[] = []
  const pull = createPullSubscription({
    bus,
    stream: 'PULLED',
    durable: 'reader',
    credit: () => ({ messages: BATCH, bytes: 1_048_576 }),
    gather: 0,
    onPause: () => {},
    deliver(delivery) {
      delivered.push(Buffer.from(delivery.data).toString())
      answers.acknowledge([{ delivery }])
      // What older servers leave out; it arrives when the next request is under way. The first may be served before we see it.
      if (inbox !== '' && delivered.length % BATCH === 0)
        publisher.connection.publish(inbox, '', { headers: headers(409, 'Batch Completed') })
    },
  })
  try {
    await waitFor(() => delivered.length === MESSAGES, { what: 'all messages' })
    // Longer than the pause after an answer that is not understood.
    await sleep(1_500)
    expect(delivered).toEqual(Array.from({ length: MESSAGES }, (_, index) => String(index)))
    expect(requests).toBe(MESSAGES / BATCH + 1)
  } finally {
    pull.stop()
  }
})

test('what comes within a moment is asked for together, and a pause is told; a backlog is not waited for', async () => {
  await bus.manager.streams.add({ name: 'GATHERED', subjects: ['gathered.>'] })
  await bus.manager.consumers.add('GATHERED', { durable_name: 'reader', ack_policy: AckPolicy.Explicit })
  const events: string[] = []
  let requests = 0
  publisher.connection.subscribe('$JS.API.CONSUMER.MSG.NEXT.GATHERED.reader', {
    callback: () => {
      requests += 1
    },
  })
  await publisher.connection.flush()
  const pull = createPullSubscription({
    bus,
    stream: 'GATHERED',
    durable: 'reader',
    credit: () => ({ messages: BATCH, bytes: 1_048_576 }),
    gather: 500,
    onPause: () => void events.push('pause'),
    deliver(delivery) {
      events.push('message')
      answers.acknowledge([{ delivery }])
    },
  })
  try {
    await waitFor(() => requests === 1, { what: 'the first request' })
    // The first is delivered as it comes; what follows gathers, and is a full request and another one for the rest.
    await publisher.jetstream.publish('gathered.a', '')
    await waitFor(() => events.includes('pause'), { what: 'the first pause' })
    for (let sent = 0; sent < BATCH + 3; sent += 1) await publisher.jetstream.publish('gathered.a', '')
    expect(events).toEqual(['message', 'pause'])
    await waitFor(() => requests === 4, { what: 'the last request' })
    const gathered = Array.from({ length: BATCH + 3 }, () => 'message')
    expect(events).toEqual(['message', 'pause', ...gathered, 'pause'])
  } finally {
    pull.stop()
  }
})

test('a consumer that is deleted is noticed, whether a request is under way or not', async () => {
  await bus.manager.streams.add({ name: 'DELETED', subjects: ['deleted.>'] })
  for (const gather of [1, 300]) {
    await bus.manager.consumers.add('DELETED', { durable_name: 'reader', ack_policy: AckPolicy.Explicit })
    const paused = Promise.withResolvers<void>()
    const pull = createPullSubscription({
      bus,
      stream: 'DELETED',
      durable: 'reader',
      credit: () => ({ messages: BATCH, bytes: 1_048_576 }),
      gather,
      onPause: paused.resolve,
      deliver: (delivery) => answers.acknowledge([{ delivery }]),
    })
    await publisher.jetstream.publish('deleted.a', '')
    await paused.promise
    if (gather === 1) {
      const info = () => bus.manager.consumers.info('DELETED', 'reader')
      await waitFor(async () => (await info()).num_waiting === 1, { what: 'the next request' })
    }
    await bus.manager.consumers.delete('DELETED', 'reader')
    expect(await pull.ended).toBe('consumer-missing')
  }
})
