import { startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBucketWatch } from './bucket-watch.ts'
import { type Bus, connectBus } from './connect.ts'
import { isRevisionConflict } from './errors.ts'
import { openBucket } from './open-bucket.ts'

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

function follow(bucket: string) {
  const values = new Map<string, string>()
  const listings: string[][] = []
  const watch = createBucketWatch({
    bus,
    bucket,
    logger,
    onPut: (key, value) => values.set(key, Buffer.from(value).toString()),
    onDelete: (key) => values.delete(key),
    onListed: (keys) => listings.push([...keys].sort()),
  })
  return { values, listings, watch }
}

test('an empty bucket is listed at once; later writes and deletes follow', async () => {
  const { values, listings, watch } = follow('empty')
  await watch.start()
  expect(listings).toEqual([[]])
  const bucket = await openBucket(bus, 'empty')
  await bucket.put('1.a', 'one')
  await waitFor(() => values.get('1.a') === 'one', { what: 'the write' })
  await bucket.delete('1.a')
  await waitFor(() => !values.has('1.a'), { what: 'the delete' })
  watch.stop()
})

test('listing again and again leaves nothing behind at the server', async () => {
  const bucket = await openBucket(bus, 'listed')
  await bucket.put('1.a', 'one')
  let listings = 0
  const watch = createBucketWatch({
    ...{ bus, bucket: 'listed', logger, relistInterval: 50, onPut() {}, onDelete() {} },
    onListed() {
      listings += 1
    },
  })
  await watch.start()
  await waitFor(() => listings >= 10, { what: 'ten listings' })
  watch.stop()
  const consumers = async () => (await bus.manager.streams.info('KV_listed')).state.consumer_count
  await waitFor(async () => (await consumers()) === 0, { what: 'no consumer to be left' })
})

test('lists everything there is, and again after the server was killed', async () => {
  const bucket = await openBucket(bus, 'filled')
  for (let index = 0; index < 300; index += 1) await bucket.put(`1.${index}`, String(index))
  await bucket.delete('1.0')
  const { values, listings, watch } = follow('filled')
  await watch.start()
  expect(values.size).toBe(299)
  expect(listings[0]).toHaveLength(299)
  await nats.kill9()
  await nats.restart()
  await waitFor(() => listings.length >= 2, { what: 'the second listing' })
  await bucket.put('1.new', 'new')
  await waitFor(() => values.get('1.new') === 'new', { what: 'a write after the restart' })
  watch.stop()
})

test('a bucket deleted under it is made again and followed', async () => {
  const bucket = await openBucket(bus, 'deleted')
  await bucket.put('1.a', 'one')
  const { values, watch } = follow('deleted')
  await watch.start()
  await bucket.destroy()
  await waitFor(
    async () => {
      await (await openBucket(bus, 'deleted')).put('1.b', 'two')
      return values.has('1.b')
    },
    { what: 'a write to the new bucket', timeout: 15_000, interval: 200 },
  )
  expect(values.get('1.a')).toBe('one')
  watch.stop()
})

test('a lost compare-and-set is recognised', async () => {
  const bucket = await openBucket(bus, 'conflict')
  const revision = await bucket.create('key', 'one')
  await bucket.update('key', 'two', revision)
  const conflict = await bucket.update('key', 'three', revision).catch((error: unknown) => error)
  expect(isRevisionConflict(conflict)).toBe(true)
  expect(isRevisionConflict(await bucket.create('key', 'four').catch((error: unknown) => error))).toBe(true)
  expect(isRevisionConflict(new Error('wrong last sequence'))).toBe(false)
})
