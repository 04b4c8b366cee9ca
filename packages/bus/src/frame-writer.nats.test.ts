import { startNats } from '@iomt/testing/nats'
import type { Msg } from '@nats-io/nats-core'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from './connect.ts'
import { createFrameWriter } from './frame-writer.ts'

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

async function received(subject: string, count: number, send: () => void): Promise<Msg[]> {
  const messages: Msg[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const subscription = bus.connection.subscribe(subject, {
    callback: (_error, message) => {
      messages.push(message)
      if (messages.length === count) resolve()
    },
  })
  await bus.connection.flush()
  send()
  await promise
  subscription.unsubscribe()
  return messages
}

test('payload, reply subject and message id arrive as they were given, with every payload length around the size of a buffer', async () => {
  const frames = createFrameWriter(bus.connection)
  const lengths = [0, 1, 200, 65_400, 65_535, 65_536, 65_537, 200_000, 3]
  const payloads = lengths.map((length, index) => Buffer.alloc(length, index + 1))
  const messages = await received('frames.>', lengths.length * 2, () => {
    for (const [index, payload] of payloads.entries()) {
      frames.add({ subject: `frames.plain.${index}`, payload })
      frames.add({ subject: `frames.id.${index}`, payload, reply: `answers.${index}`, messageId: `id-${index}` })
    }
    frames.flush()
  })
  for (const [index, payload] of payloads.entries()) {
    const [plain, withId] = messages.slice(index * 2) as [Msg, Msg]
    expect([plain.subject, plain.reply, plain.headers]).toEqual([`frames.plain.${index}`, '', undefined])
    expect([withId.subject, withId.reply]).toEqual([`frames.id.${index}`, `answers.${index}`])
    expect(withId.headers?.get('Nats-Msg-Id')).toBe(`id-${index}`)
    expect(payload.equals(plain.data) && payload.equals(withId.data)).toBe(true)
  }
})

test('what was handed over is not overwritten by what comes after it, nor by the sender', async () => {
  const frames = createFrameWriter(bus.connection)
  const reused = Buffer.alloc(100)
  const messages = await received('kept', 2_000, () => {
    for (let index = 0; index < 2_000; index += 1) {
      reused.fill(index % 251)
      frames.add({ subject: 'kept', payload: reused })
      if (index % 7 === 0) frames.flush()
    }
    frames.flush()
  })
  expect(messages.every(({ data }, index) => data.every((byte) => byte === index % 251))).toBe(true)
})

test('refuses what the server would close the connection for, and writes what stands before it', async () => {
  const frames = createFrameWriter(bus.connection)
  const limit = bus.connection.info?.max_payload as number
  const messages = await received('limit', 2, () => {
    frames.add({ subject: 'limit', payload: Buffer.alloc(limit) })
    expect(() => frames.add({ subject: 'limit', payload: Buffer.alloc(limit + 1) })).toThrow(/max_payload/)
    expect(() => frames.add({ subject: 'limit', payload: Buffer.alloc(limit), messageId: 'id' })).toThrow(/max_payload/)
    frames.add({ subject: 'limit', payload: Buffer.from('after') })
    frames.flush()
  })
  expect(messages.map(({ data }) => data.length)).toEqual([limit, 5])
})

test('a closed connection is an error of the sender', async () => {
  const closed = await connectBus({ url: nats.url, name: 'closed', logger })
  const frames = createFrameWriter(closed.connection)
  await closed.close()
  expect(() => frames.add({ subject: 'x', payload: Buffer.alloc(1) })).toThrow(/closed/i)
})
