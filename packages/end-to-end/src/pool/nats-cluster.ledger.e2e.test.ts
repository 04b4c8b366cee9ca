import { setTimeout as pause } from 'node:timers/promises'
import { connectBus } from '@iomt/bus/connect'
import { GATEWAY_MEMBERS_BUCKET } from '@iomt/contracts/buckets'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import type { NatsServer } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Pipeline } from '../ledger/pipeline.ts'
import { type PoolFault, runPool } from './pool-run.ts'
import { report } from './report.ts'

/** Longer than an election, which takes nats-server 4 to 9 s. */
const AWAY = 10_000

/** Milliseconds for elections; with nats-server 2.9 readings were seen to wait 26 s. */
const PATIENCE = 60_000

/** The server through which all reads and writes of this stream go, once every server has all that is stored. */
async function leaderOf(stream: string, { natsUrl, natsServers }: Pipeline): Promise<NatsServer> {
  const bus = await connectBus({ url: natsUrl, name: 'test', logger: pino({ level: 'silent' }) })
  try {
    return await waitFor(
      async () => {
        const streams = await bus.manager.streams.list().next()
        const whole = streams.every(
          ({ cluster }) =>
            cluster?.leader && cluster.replicas?.length === 2 && cluster.replicas.every((at) => at.current),
        )
        const leader = streams.find(({ config }) => config.name === stream)?.cluster?.leader
        return whole && natsServers.find((_server, index) => leader === `server-${index + 1}`)
      },
      { what: `the cluster to be whole and ${stream} to have a leader`, timeout: PATIENCE, interval: 250 },
    )
  } finally {
    await bus.close()
  }
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
    lostAfter: PATIENCE,
    faults: [killLeader, freezeLeader],
  })
  report(result)
  expect(result).toMatchObject({ lost: 0, duplicated: 0 })
  for (const { fault, waited } of result.faults) expect(waited.max, fault).toBeLessThan(PATIENCE / 1_000)
}, 300_000)
