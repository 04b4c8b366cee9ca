import { type NatsServer, startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from './connect.ts'
import { openBucket } from './open-bucket.ts'
import { readBucket } from './read-bucket.ts'

const logger = pino({ level: 'silent' })
let nats: NatsServer
let bus: Bus
let writer: Bus

beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'reader', logger })
  writer = await connectBus({ url: nats.url, name: 'writer', logger })
})
afterAll(async () => {
  await bus.close()
  await writer.close()
  await nats.stop()
})

async function listed(name: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of readBucket(await openBucket(bus, name))) {
    found.push(`${entry.key} ${entry.operation === 'PUT' ? entry.string() : entry.operation}`)
  }
  return found
}

test('lists values and deletions of a bucket, and of an empty one nothing', async () => {
  expect(await listed('small')).toEqual([])
  const bucket = await openBucket(bus, 'small')
  await bucket.put('1.a', 'old')
  await bucket.put('1.b', 'kept')
  await bucket.put('1.a', 'new')
  await bucket.put('1.c', 'gone')
  await bucket.delete('1.c')
  expect(await listed('small')).toEqual(['1.b kept', '1.a new', '1.c DEL'])
})

test('ends while keys are being written, and has each key that was left alone', async () => {
  const bucket = await openBucket(writer, 'busy')
  const written = ['1.0', '1.1', '1.2']
  const left = Array.from({ length: 20 }, (_, index) => `2.${index}`)
  for (const key of [...written, ...left]) await bucket.put(key, 'first')
  let reading = true
  async function write(): Promise<void> {
    for (let index = 0; reading; index += 1) {
      await bucket.put(written[index % written.length] as string, `${index}`)
    }
  }
  const writing = write()
  try {
    // The client's own listing takes 30 s nearly each time.
    for (let time = 0; time < 30; time += 1) {
      expect(await listed('busy')).toEqual(expect.arrayContaining(left.map((key) => `${key} first`)))
    }
  } finally {
    reading = false
    await writing
  }
})

test('leaves nothing behind at the server', async () => {
  const bucket = await openBucket(bus, 'left')
  await bucket.put('1.a', 'one')
  for (let time = 0; time < 5; time += 1) await listed('left')
  expect((await bus.manager.streams.info('KV_left')).state.consumer_count).toBe(0)
})
