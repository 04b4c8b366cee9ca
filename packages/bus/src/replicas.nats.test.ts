import { STATUS_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type NatsCluster, startNatsCluster } from '@iomt/testing/nats-cluster'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from './connect.ts'
import { ensureStreams } from './ensure-streams.ts'
import { openBucket } from './open-bucket.ts'

const logger = pino({ level: 'silent' })
let cluster: NatsCluster
const buses: Bus[] = []
beforeAll(async () => {
  cluster = await startNatsCluster()
})
afterAll(async () => {
  for (const bus of buses) await bus.close()
  await cluster.stop()
})

async function connect(replicas: number): Promise<Bus> {
  const bus = await connectBus({ url: cluster.url, name: 'test', logger, replicas })
  buses.push(bus)
  return bus
}

const NAMES = [TELEMETRY_STREAM.name, 'KV_replicated']
const replicasSeenBy = async ({ manager }: Bus) =>
  await Promise.all(NAMES.map(async (name) => (await manager.streams.info(name)).config.num_replicas))

test('streams and buckets get as many replicas as configured, also those that are there, and never fewer', async () => {
  const single = await connect(1)
  await ensureStreams(single, [TELEMETRY_STREAM])
  const bucket = await openBucket(single, 'replicated')
  const revision = await bucket.create('key', 'one')
  expect(await replicasSeenBy(single)).toEqual([1, 1])

  const three = await connect(3)
  await ensureStreams(three, [TELEMETRY_STREAM])
  const raised = await openBucket(three, 'replicated')
  expect(await replicasSeenBy(three)).toEqual([3, 3])
  await ensureStreams(single, [TELEMETRY_STREAM])
  await openBucket(single, 'replicated')
  expect(await replicasSeenBy(single)).toEqual([3, 3])
  // Those that join have to elect a leader first.
  const updated = await waitFor(() => raised.update('key', 'two', revision).catch(() => false as const), {
    what: 'a write to the bucket on three servers',
    timeout: 20_000,
  })
  expect(updated).toBeGreaterThan(revision)
}, 60_000)

test('a stream for more servers than there are is refused with advice', async () => {
  const four = await connect(4)
  await expect(ensureStreams(four, [STATUS_STREAM])).rejects.toThrow(
    'there are not 4 NATS servers with room for IOMT_STATUS, which reserves 0.25 GiB on each: set NATS_REPLICAS to how many there are',
  )
})

test('a bucket made on three servers takes its first write, and is the same on each of them', async () => {
  const bus = await connect(3)
  const bucket = await openBucket(bus, 'fresh')
  const created = await bucket.create('key', 'one')
  const updated = await bucket.update('key', 'two', created)
  for (let round = 0; round < 3; round += 1) {
    const before = (await bus.manager.streams.info('KV_fresh')).cluster?.leader
    await bus.connection.request('$JS.API.STREAM.LEADER.STEPDOWN.KV_fresh', '')
    await waitFor(
      async () => {
        const leader = (await bus.manager.streams.info('KV_fresh').catch(() => null))?.cluster?.leader
        return leader !== undefined && leader !== before
      },
      { what: 'another leader', timeout: 20_000 },
    )
    const stored = await bus.manager.streams.getMessage('KV_fresh', { last_by_subj: '$KV.fresh.key' })
    expect([stored?.seq, stored?.string()]).toEqual([updated, 'two'])
  }
}, 60_000)
