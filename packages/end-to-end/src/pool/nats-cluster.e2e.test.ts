import { setTimeout as pause } from 'node:timers/promises'
import { connectBus } from '@iomt/bus/connect'
import { GATEWAY_MEMBERS_BUCKET } from '@iomt/contracts/buckets'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import type { NatsServer } from '@iomt/testing/nats'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Pipeline } from '../ledger/pipeline.ts'
import { type PoolFault, runPool } from './pool-run.ts'
import { report } from './report.ts'

/** Longer than an election, which takes nats-server 4 to 9 s. */
const AWAY = 10_000

/** The server through which all reads and writes of this stream go. */
async function leaderOf(stream: string, { natsUrl, natsServers }: Pipeline): Promise<NatsServer> {
  const bus = await connectBus({ url: natsUrl, name: 'test', logger: pino({ level: 'silent' }) })
  const { cluster, config } = await bus.manager.streams.info(stream)
  await bus.close()
  expect(config.num_replicas).toBe(3)
  return natsServers.find((_server, index) => cluster?.leader === `server-${index + 1}`) as NatsServer
}

const killLeader: PoolFault = {
  name: 'kill -9 leader of readings',
  async inject(pipeline) {
    const server = await leaderOf(TELEMETRY_STREAM.name, pipeline)
    await server.kill9()
    await pause(AWAY)
    await server.restart()
  },
}

const freezeLeader: PoolFault = {
  name: 'SIGSTOP leader of members',
  async inject(pipeline) {
    const server = await leaderOf(`KV_${GATEWAY_MEMBERS_BUCKET}`, pipeline)
    server.freeze()
    await pause(AWAY)
    server.resume()
  },
}

test('three NATS servers, the leader killed and frozen: nothing lost, nothing twice, and all goes on without it', async () => {
  const result = await runPool({
    natsServers: 3,
    gateways: 2,
    sockets: 200,
    messagesPerSecond: 500,
    rest: 7_000,
    faults: [killLeader, freezeLeader],
  })
  report(result)
  expect(result).toMatchObject({ lost: 0, duplicated: 0 })
  // Who is connected to a frozen server notices after 10 to 15 s.
  for (const { fault, waited } of result.faults) expect(waited.max, fault).toBeLessThan(25)
}, 180_000)
