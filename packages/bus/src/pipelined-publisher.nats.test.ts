import { startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from './connect.ts'
import { createPipelinedPublisher, FencedError, PublisherClosedError } from './pipelined-publisher.ts'

const logger = pino({ level: 'silent' })
let nats: Awaited<ReturnType<typeof startNats>>
let bus: Bus

beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'test', logger })
})
afterAll(async () => {
  await bus.close()
  await nats.stop()
})

function message(subject: string, id: string, text = 'x') {
  return { subject, payload: Buffer.from(text), messageId: id }
}

test('stores everything once, in order, though more is published than the window holds', async () => {
  await bus.manager.streams.add({ name: 'MANY', subjects: ['many.>'] })
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger, window: 16 })
  const acknowledgements = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => publisher.publish(message('many.a', `id-${index}`))),
  )
  expect(acknowledgements.map((acknowledgement) => acknowledgement.sequence)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => index + 1),
  )
  expect(publisher.pending).toBe(0)
  expect(await publisher.publish(message('many.a', 'id-7'))).toMatchObject({
    duplicate: true,
    sequence: 8,
    attempts: 1,
  })
  publisher.close()
})

test('waits while the server is killed and restarted; each message is stored once', async () => {
  await bus.manager.streams.add({ name: 'KILLED', subjects: ['killed.>'] })
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger, window: 64, retryAfter: 500 })
  const first = Array.from({ length: 500 }, (_, index) => publisher.publish(message('killed.a', `id-${index}`)))
  await nats.kill9()
  await waitFor(() => publisher.obstacle !== null, { what: 'the publisher to notice' })
  const second = Array.from({ length: 500 }, (_, index) => publisher.publish(message('killed.a', `id-${500 + index}`)))
  await nats.restart()
  await Promise.all([...first, ...second])
  expect((await bus.manager.streams.info('KILLED')).state.messages).toBe(1_000)
  publisher.close()
})

test('a full stream (discard: new) is back-pressure: nothing is evicted, nothing rejected, it goes on when there is room', async () => {
  await bus.manager.streams.add({ name: 'FULL', subjects: ['full.>'], max_msgs: 3, discard: 'new' })
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger, window: 8 })
  const published = Array.from({ length: 5 }, (_, index) => publisher.publish(message('full.a', `id-${index}`)))
  await waitFor(() => publisher.obstacle !== null && publisher.pending === 2, { what: 'the stream to be full' })
  expect(publisher.obstacle).toMatch(/maximum messages exceeded/)
  const { state } = await bus.manager.streams.info('FULL')
  expect([state.first_seq, state.messages]).toEqual([1, 3])
  await bus.manager.streams.update('FULL', { max_msgs: 10 })
  await Promise.all(published)
  expect((await bus.manager.streams.info('FULL')).state.messages).toBe(5)
  publisher.close()
})

test('what waits for a server is not sent once its fencing token is no longer the current one', async () => {
  await bus.manager.streams.add({ name: 'FENCED', subjects: ['fenced.>'] })
  let token: string | null = 'one'
  const fencingToken = () => token
  const publisher = createPipelinedPublisher({
    connection: bus.connection,
    logger,
    window: 2,
    retryAfter: 300,
    fencingToken,
  })
  await nats.kill9()
  await waitFor(() => publisher.obstacle !== null, { what: 'the publisher to notice' })
  const under = (fencingToken: string | null, id: string) =>
    publisher.publish({ ...message('fenced.a', id), fencingToken })
  // More than the window holds.
  const ofOne = ['a', 'b', 'c', 'd'].map((id) => under('one', id))
  const ofNone = under(null, 'e')
  token = null
  for (const outcome of await Promise.allSettled(ofOne))
    expect(outcome).toMatchObject({ reason: expect.any(FencedError) })
  token = 'two'
  const ofTwo = ['f', 'g', 'h'].map((id) => under('two', id))
  await nats.restart()
  await Promise.all([ofNone, ...ofTwo])
  expect((await bus.manager.streams.info('FENCED')).state.messages).toBe(4)
  expect(publisher.pending).toBe(0)
  publisher.close()
})

test('a token that came and went between two looks sends nothing either, nor one that is over already', async () => {
  await bus.manager.streams.add({ name: 'BRIEF', subjects: ['brief.>'] })
  let token: string | null = null
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger, fencingToken: () => token })
  token = 'brief'
  const received = publisher.publish({ ...message('brief.a', 'a'), fencingToken: token })
  token = null
  await expect(received).rejects.toThrow(FencedError)
  token = 'next'
  await expect(publisher.publish({ ...message('brief.a', 'b'), fencingToken: 'brief' })).rejects.toThrow(FencedError)
  expect((await bus.manager.streams.info('BRIEF')).state.messages).toBe(0)
  publisher.close()
})

test('what waited behind messages that were refused for their size goes on', async () => {
  await bus.manager.streams.add({ name: 'BEHIND', subjects: ['behind.>'] })
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger, window: 2 })
  const large = ['a', 'b'].map((id) =>
    publisher.publish({ ...message('behind.a', id), payload: Buffer.alloc(9_000_000) }),
  )
  const good = publisher.publish(message('behind.a', 'c'))
  await Promise.allSettled(large)
  expect(await good).toMatchObject({ sequence: 1 })
  publisher.close()
})

test('a subject that no stream takes yet is waited for', async () => {
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger })
  const published = publisher.publish(message('late.a', 'one'))
  await waitFor(() => publisher.obstacle?.includes('no stream takes the subject'), { what: 'the obstacle' })
  await bus.manager.streams.add({ name: 'LATE', subjects: ['late.>'] })
  expect(await published).toMatchObject({ stream: 'LATE', sequence: 1 })
  publisher.close()
})

test('what is too large for the server is rejected at once, what is pending at close is rejected then', async () => {
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger })
  await expect(publisher.publish({ ...message('many.a', 'large'), payload: Buffer.alloc(9_000_000) })).rejects.toThrow(
    /max_payload|size/i,
  )
  const pending = publisher.publish(message('nobody.listens', 'one'))
  publisher.close()
  await expect(pending).rejects.toThrow(PublisherClosedError)
  await expect(publisher.publish(message('many.a', 'two'))).rejects.toThrow(PublisherClosedError)
})

test('a late answer to a message that was sent twice is not taken for the answer to another one', async () => {
  const publisher = createPipelinedPublisher({ connection: bus.connection, logger, window: 1, retryAfter: 100 })
  const replies: string[] = []
  let slow = 0
  const answer = (reply: string, seq: number) =>
    bus.connection.publish(reply, JSON.stringify({ stream: 'ANSWERED', seq }))
  // Answers as a stream would, but only the second attempt of the message `slow`, and that twice.
  const server = bus.connection.subscribe('answered.*', {
    callback: (_error, { subject, reply = '' }) => {
      replies.push(reply)
      if (subject === 'answered.slow') slow += 1
      if (subject === 'answered.at-once') answer(reply, replies.length)
      else if (subject === 'answered.slow' && slow === 2) for (const seq of [100, 101]) answer(reply, seq)
    },
  })
  await publisher.publish(message('answered.at-once', 'a'))
  await publisher.publish(message('answered.at-once', 'b'))
  expect(replies[1]).toBe(replies[0])
  expect(await publisher.publish(message('answered.slow', 'c'))).toMatchObject({ sequence: 100, attempts: 2 })
  const unanswered = publisher.publish(message('answered.never', 'd'))
  await waitFor(() => replies.length === 5, { what: 'the next message' })
  expect(replies[4]).not.toBe(replies[3])
  expect(publisher.pending).toBe(1)
  publisher.close()
  await expect(unanswered).rejects.toThrow(PublisherClosedError)
  server.unsubscribe()
})
