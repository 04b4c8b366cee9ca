import { type Bus, connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { compileSchema } from '@iomt/contracts/compile-schema'
import { startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { Type } from '@sinclair/typebox'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareAndSetStoreConformance } from './compare-and-set-store.conformance.ts'
import { createNatsStore } from './compare-and-set-store.nats.ts'

const logger = pino({ level: 'silent' })
const schema = compileSchema(Type.Object({ text: Type.String() }))
let nats: Awaited<ReturnType<typeof startNats>>
let bus: Bus
let buckets = 0

beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'test', logger })
})
afterAll(async () => {
  await bus.close()
  await nats.stop()
})

async function create() {
  buckets += 1
  const bucket = `store_${buckets}`
  await openBucket(bus, bucket)
  return { bucket, store: await createNatsStore({ bus, bucket, schema, logger, timeout: 500 }) }
}

describe('a key-value bucket', () => compareAndSetStoreConformance(async () => (await create()).store))

test('a frozen server: a write rejects in time, although it is done later', async () => {
  const { store } = await create()
  const first = (await store.write('a', { text: 'one' }, 0)) as number
  nats.freeze()
  const startedAt = performance.now()
  await expect(store.write('a', { text: 'two' }, first)).rejects.toThrow()
  expect(performance.now() - startedAt).toBeLessThan(1_500)
  nats.resume()
  await waitFor(async () => (await store.read('a'))?.value.text === 'two', { what: 'the late write' })
})

test('what does not fit the contract is no value, and can be written over', async () => {
  const { bucket, store } = await create()
  const revision = await (await openBucket(bus, bucket)).put('a', 'not json')
  expect(await store.read('a')).toBeNull()
  expect(await store.write('a', { text: 'one' }, revision)).toBeGreaterThan(revision)
})

test('a bucket that was deleted and made again has another incarnation', async () => {
  const { bucket, store } = await create()
  const incarnations: string[] = []
  await store.write('a', { text: 'one' }, 0)
  const following = store.follow({ changed() {}, listed: (listing) => incarnations.push(listing.incarnation) })
  await waitFor(() => incarnations.length === 1, { what: 'the listing' })
  await (await openBucket(bus, bucket)).destroy()
  await waitFor(() => new Set(incarnations).size === 2, { what: 'the new bucket' })
  following.stop()
})
