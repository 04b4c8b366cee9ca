import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { GATEWAY_LEASES_BUCKET, GATEWAY_MEMBERS_BUCKET } from '@iomt/contracts/buckets'
import { PARTITION_COUNT } from '@iomt/contracts/partitions'
import type { Rebalance } from '@iomt/contracts/rebalance'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { startTcpProxy, type TcpProxy } from '@iomt/testing/tcp-proxy'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { monotonicClock } from './clock.ts'
import { createNatsOwnershipPool } from './ownership-pool.nats.ts'
import type { PartitionOwnership } from './partition-ownership.ts'

interface PoolMember {
  readonly gateway: string
  readonly ownership: PartitionOwnership
  readonly bus: Bus
  readonly proxy: TcpProxy
  readonly rebalances: Rebalance[]
  /** Partitions whose sockets would be connected. */
  readonly connected: Set<number>
  /** Its timers and its connection stop, as after kill -9. */
  crash(): Promise<void>
}

/** Milliseconds that closing the MQTT connections of a partition takes here. */
const CLOSING = 5

const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })
const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition)
let nats: NatsServer
let members: PoolMember[]
let crashed: PoolMember[]
let doubles: string[]
let watch: NodeJS.Timeout

beforeEach(async () => {
  nats = await startNats()
  members = []
  crashed = []
  doubles = []
  watch = setInterval(() => {
    for (const partition of partitions) {
      const owners = [...members, ...crashed].filter(({ ownership }) => ownership.owns(partition))
      if (owners.length > 1) doubles.push(`${partition}: ${owners.map(({ gateway }) => gateway).join(' and ')}`)
    }
  }, 2)
})
afterEach(async () => {
  await Promise.all(members.map(({ ownership }) => ownership.stop()))
  clearInterval(watch)
  for (const { bus, proxy } of members) {
    await bus.close()
    await proxy.close()
  }
  await nats.stop()
  expect(doubles).toEqual([])
})

async function createMember(gateway: string): Promise<PoolMember & { start(): Promise<void> }> {
  const proxy = await startTcpProxy({ targetHost: nats.host, targetPort: nats.port })
  const bus = await connectBus({ url: `nats://127.0.0.1:${proxy.port}`, name: gateway, logger })
  const rebalances: Rebalance[] = []
  const connected = new Set<number>()
  const clock = monotonicClock()
  let dead = false
  const ownership = await createNatsOwnershipPool({
    bus,
    gateway,
    logger,
    clock: { now: clock.now, after: (delay, task) => clock.after(delay, () => !dead && task()) },
    onRebalance: (rebalance) => rebalances.push(rebalance),
  })
  const member: PoolMember = {
    gateway,
    ownership,
    bus,
    proxy,
    rebalances,
    connected,
    async crash() {
      dead = true
      members = members.filter((other) => other.gateway !== gateway)
      crashed.push(member)
      proxy.cut()
      await bus.connection.close()
      await proxy.close()
    },
  }
  const start = () =>
    ownership.start({
      acquired: async (partition) => {
        connected.add(partition)
      },
      async revoked(partition) {
        await sleep(CLOSING)
        connected.delete(partition)
      },
    })
  return { ...member, start }
}

async function join(gateway: string): Promise<PoolMember> {
  const { start, ...member } = await createMember(gateway)
  members.push(member)
  await start()
  return member
}

const counts = () => members.map(({ ownership }) => partitions.filter((partition) => ownership.owns(partition)).length)

async function untilCovered(expected: number, timeout = 10_000): Promise<number> {
  const startedAt = performance.now()
  const evenly = PARTITION_COUNT / expected
  await waitFor(
    () => {
      const owned = counts()
      const total = owned.reduce((sum, count) => sum + count, 0)
      const spread = owned.length === expected && owned.every((count) => count > evenly / 2 && count < evenly * 2)
      const connected = members.every(
        (member) => member.connected.size === partitions.filter((partition) => member.ownership.owns(partition)).length,
      )
      return total === PARTITION_COUNT && spread && connected
    },
    { what: `${expected} members to own everything (${counts().join(', ')})`, timeout, interval: 5 },
  )
  return Math.round(performance.now() - startedAt)
}

function gapsOf(cause: Rebalance['cause']): string {
  const gaps = members
    .flatMap(({ rebalances }) => rebalances)
    .filter((rebalance) => rebalance.cause === cause)
    .map((rebalance) => rebalance.gap_ms ?? 0)
    .sort((one, other) => one - other)
  const at = (share: number) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))] as number
  process.stdout.write(`${cause}: ${gaps.length} partitions, gap p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`)
  return `${at(0.99)}`
}

const joinThree = async () => {
  await Promise.all(['one', 'two', 'three'].map(join))
  process.stdout.write(`three members own everything after ${await untilCovered(3)} ms\n`)
}

test('alone it owns everything within a second', async () => {
  const startedAt = performance.now()
  await join('one')
  expect(counts()).toEqual([PARTITION_COUNT])
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

test('three share everything, a fourth joins and leaves: each partition moves within 500 ms', async () => {
  await joinThree()
  await join('four')
  await untilCovered(4)
  expect(Number(gapsOf('join'))).toBeLessThanOrEqual(1_000)
  const [four] = members.splice(3, 1)
  await four?.ownership.stop()
  expect(four?.connected.size).toBe(0)
  await untilCovered(3)
  expect(Number(gapsOf('leave'))).toBeLessThanOrEqual(1_000)
  await four?.bus.close()
  await four?.proxy.close()
  const bucket = await openBucket(members[0]?.bus as Bus, GATEWAY_MEMBERS_BUCKET)
  expect(await bucket.get('four')).toMatchObject({ operation: 'DEL' })
})

test('one crashes: the others own everything within 5 s, and it may come back under its id', async () => {
  await joinThree()
  const [, killed] = members as [PoolMember, PoolMember]
  await killed.crash()
  expect(await untilCovered(2)).toBeLessThan(6_000)
  expect(Number(gapsOf('crash'))).toBeLessThan(6_000)
  await join(killed.gateway)
  await untilCovered(3)
})

test('a killed gateway that is started again at once serves within 5 s', async () => {
  const killed = await join('one')
  await killed.crash()
  const startedAt = performance.now()
  await join('one')
  expect(counts()).toEqual([PARTITION_COUNT])
  expect(performance.now() - startedAt).toBeLessThan(6_000)
  expect(members[0]?.ownership.epoch(7)).toBe(2)
})

test('a life is confirmed by beats, many of them by one, and not once it is over', async () => {
  const { ownership, proxy, bus } = await join('one')
  const life = ownership.life() as string
  const bucket = await openBucket(bus, GATEWAY_MEMBERS_BUCKET)
  const beats = async () => (await bucket.get('one'))?.revision as number
  const before = await beats()
  expect(await Promise.all(Array.from({ length: 1_000 }, () => ownership.confirm(life)))).toEqual(
    Array(1_000).fill(true),
  )
  const written = (await beats()) - before
  expect(written).toBeGreaterThanOrEqual(1)
  expect(written).toBeLessThan(10)
  expect(await ownership.confirm('of somebody else')).toBe(false)
  proxy.blackhole()
  // Not before the fence, for a beat may still be answered; and not later.
  const asked = ownership.confirm(life)
  await waitFor(() => ownership.life() !== life, { what: 'the fence' })
  expect(await asked).toBe(false)
  proxy.heal()
  await waitFor(() => ownership.life() !== null, { what: 'the next life' })
  expect(await ownership.confirm(life)).toBe(false)
  expect(await ownership.confirm(ownership.life() as string)).toBe(true)
})

test('a second process with the id of a living one is refused', async () => {
  await join('one')
  const impostor = await createMember('one')
  await expect(impostor.start()).rejects.toThrow('another gateway with the id one is alive')
  await impostor.bus.close()
  await impostor.proxy.close()
  expect(counts()).toEqual([PARTITION_COUNT])
})

test('cut off from NATS: it lets go of everything before others take it, and comes back', async () => {
  await joinThree()
  const [, two] = members as [PoolMember, PoolMember]
  const before = two.rebalances.length
  const cutAt = performance.now()
  two.proxy.blackhole()
  await waitFor(() => !partitions.some((partition) => two.ownership.owns(partition)), {
    what: 'the fence',
    interval: 2,
  })
  expect(performance.now() - cutAt).toBeLessThan(2_900)
  await waitFor(() => two.connected.size === 0, { what: 'its connections to be closed', interval: 2 })
  process.stdout.write(`fenced and disconnected after ${Math.round(performance.now() - cutAt)} ms\n`)
  expect(performance.now() - cutAt).toBeLessThan(2_900)
  await waitFor(
    () => {
      const [one, , three] = counts() as [number, number, number]
      return one + three === PARTITION_COUNT
    },
    { what: 'the others to take over', interval: 5 },
  )
  process.stdout.write(`taken over after ${Math.round(performance.now() - cutAt)} ms\n`)
  expect(two.rebalances).toHaveLength(before)
  two.proxy.heal()
  await untilCovered(3, 20_000)
})

test('nats-server is killed and comes back, also without its disk: everything is owned again', async () => {
  await joinThree()
  await nats.kill9()
  await nats.restart()
  process.stdout.write(`after a restart of nats-server: ${await untilCovered(3)} ms\n`)
  const bus = await connectBus({ url: nats.url, name: 'test', logger })
  await (await openBucket(bus, GATEWAY_LEASES_BUCKET)).destroy()
  await waitFor(async () => (await bus.manager.streams.info(`KV_${GATEWAY_LEASES_BUCKET}`)).state.messages >= 256, {
    what: 'the leases to be written again',
  })
  process.stdout.write(`after the loss of the leases: ${await untilCovered(3)} ms\n`)
  await (await openBucket(bus, GATEWAY_MEMBERS_BUCKET)).destroy()
  await waitFor(async () => (await bus.manager.streams.info(`KV_${GATEWAY_MEMBERS_BUCKET}`)).state.messages >= 3, {
    what: 'the members to be written again',
  })
  process.stdout.write(`after the loss of the members: ${await untilCovered(3)} ms\n`)
  await bus.close()
})

test('nats-server is away for longer than a life', { timeout: 30_000 }, async () => {
  await joinThree()
  await nats.kill9()
  await waitFor(() => members.every(({ connected }) => connected.size === 0), { what: 'all of them to let go' })
  await nats.restart()
  process.stdout.write(`after an outage of nats-server: ${await untilCovered(3)} ms\n`)
  gapsOf('fence')
})
