import { startNats } from '@iomt/testing/nats'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from './connect.ts'
import { isRevisionConflict } from './errors.ts'
import { claimSubject } from './number-bucket.ts'
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

test('no revision of a lost bucket means anything in the one made again, also after the server was killed', async () => {
  // A server of its own: what the other tests ask while their connection is lost would never be answered.
  const server = await startNats()
  const connected = await connectBus({ url: server.url, name: 'test', logger })
  const lost = await openBucket(connected, 'numbered')
  const first = await lost.create('key', 'one')
  const last = await lost.update('key', 'two', first)
  await lost.destroy()
  await openBucket(connected, 'numbered')
  await server.kill9()
  await server.restart()
  const restarted = await connectBus({ url: server.url, name: 'test', logger })
  const again = await openBucket(restarted, 'numbered')
  const revision = await again.create('key', 'three')
  expect(revision).toBeGreaterThan(last)
  await again.put('other', 'four')
  for (const old of [first, last]) {
    const refused = await again.update('key', 'late', old).catch((error: unknown) => error)
    expect(isRevisionConflict(refused)).toBe(true)
  }
  expect(await again.update('key', 'five', revision)).toBe(revision + 2)
  await restarted.close()
  await connected.close()
  await server.stop()
})

test('a bucket that many make in the same moment is one bucket', async () => {
  const buses = await Promise.all(Array.from({ length: 6 }, () => connectBus({ url: nats.url, name: 'test', logger })))
  for (let round = 0; round < 25; round += 1) {
    const written = await Promise.all(
      buses.map(async (other, index) => (await openBucket(other, `raced-${round}`)).put(`key-${index}`, 'value')),
    )
    expect(new Set(written).size).toBe(buses.length)
    const buckets = await Promise.all(buses.map((other) => openBucket(other, `raced-${round}`)))
    expect((await buckets[0]?.status())?.values).toBe(buses.length)
    await buckets[0]?.put('key', 'value')
    expect((await buckets[5]?.get('key'))?.string()).toBe('value')
  }
  for (const other of buses) await other.close()
})

test('a bucket whose maker died before numbering it is numbered by the next that opens it', async () => {
  const name = 'abandoned'
  await bus.manager.streams.add({ name: `KV_${name}`, subjects: [`$KV.${name}.>`], max_msgs_per_subject: 1 })
  const { created } = await bus.manager.streams.info(`KV_${name}`)
  await bus.jetstream.publish(claimSubject(name), '', { msgID: `number 1 of ${created}` })
  const buckets = await Promise.all([openBucket(bus, name), openBucket(bus, name), openBucket(bus, name)])
  const revisions = await Promise.all(buckets.map((bucket, index) => bucket.create(`key-${index}`, 'value')))
  expect(Math.min(...revisions)).toBe(Date.parse(created) * 1_000)
  expect((await buckets[0]?.status())?.values).toBe(buckets.length)
})

test('a bucket of an earlier version keeps its values and its numbers', async () => {
  const name = 'earlier'
  await bus.manager.streams.add({ name: `KV_${name}`, subjects: [`$KV.${name}.>`], max_msgs_per_subject: 1 })
  await bus.jetstream.publish(`$KV.${name}.key`, 'value')
  const bucket = await openBucket(bus, name)
  expect((await bucket.get('key'))?.string()).toBe('value')
  expect(await bucket.put('key', 'again')).toBe(2)
})
