import { randomUUID } from 'node:crypto'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET, socketConfigKey } from '@iomt/contracts/buckets'
import type { AllStatusReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { ALL_GATEWAYS_STATUS_SUBJECT } from '@iomt/contracts/subjects'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import type { NumberedSocket } from './publisher.ts'

const SOCKETS_PER_PDU = 10

/** Sockets that one `all.status` request may name. */
const STATUS_PAGE = 1_000

/** Configures sockets as config-api does, without waiting for a gateway. */
export async function declareSockets(natsUrl: string, brokerUrl: string, count: number): Promise<NumberedSocket[]> {
  return await withBus(natsUrl, async (bus) => {
    const bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
    const pdus = Array.from({ length: Math.ceil(count / SOCKETS_PER_PDU) }, () => randomUUID())
    const states = Array.from({ length: count }, (_, index) =>
      desiredState(brokerUrl, pdus[Math.floor(index / SOCKETS_PER_PDU)] as string, (index % SOCKETS_PER_PDU) + 1),
    )
    for (let first = 0; first < states.length; first += 100) {
      await Promise.all(
        states
          .slice(first, first + 100)
          .map((state) =>
            bucket.put(socketConfigKey(partitionOf(state.pdu_id), state.socket_id), JSON.stringify(state)),
          ),
      )
    }
    return states.map((state) => ({ socketId: state.socket_id, topic: state.topic as string }))
  })
}

/** Waits until gateways have subscribed all of them; answers the milliseconds that took. */
export async function untilSubscribed(
  natsUrl: string,
  sockets: readonly NumberedSocket[],
  timeout = 60_000,
): Promise<number> {
  return await withBus(natsUrl, async (bus) => {
    const startedAt = performance.now()
    const missing = new Set(sockets.map((socket) => socket.socketId))
    await waitFor(
      async () => {
        const page = [...missing].slice(0, STATUS_PAGE)
        for (const status of await statusesOf(bus, page)) {
          if (status.subscription.state === 'subscribed') missing.delete(status.socket_id)
        }
        return missing.size === 0
      },
      { what: `${sockets.length} sockets to be subscribed`, timeout, interval: 20 },
    )
    return performance.now() - startedAt
  })
}

/** Configures sockets as config-api does and waits until a gateway has subscribed all of them. */
export async function configureSockets(natsUrl: string, brokerUrl: string, count: number): Promise<NumberedSocket[]> {
  const sockets = await declareSockets(natsUrl, brokerUrl, count)
  await untilSubscribed(natsUrl, sockets)
  return sockets
}

async function statusesOf(bus: Bus, socketIds: readonly string[]): Promise<SocketStatus[]> {
  const replies = await bus.connection.requestMany(
    ALL_GATEWAYS_STATUS_SUBJECT,
    JSON.stringify({ socket_ids: socketIds }),
    {
      strategy: 'stall',
      stall: 100,
      maxWait: 2_000,
    },
  )
  const statuses: SocketStatus[] = []
  for await (const reply of replies) statuses.push(...reply.json<AllStatusReply>().statuses)
  return statuses
}

async function withBus<Result>(natsUrl: string, work: (bus: Bus) => Promise<Result>): Promise<Result> {
  const bus = await connectBus({ url: natsUrl, name: 'test', logger: pino({ level: 'silent' }) })
  try {
    return await work(bus)
  } finally {
    await bus.close()
  }
}

function desiredState(brokerUrl: string, pduId: string, socketNumber: number): SocketDesiredState {
  const { hostname, port } = new URL(brokerUrl)
  return {
    v: 1,
    socket_id: randomUUID(),
    socket_version: 1,
    pdu_version: 1,
    socket_number: socketNumber,
    name: null,
    enabled: true,
    organization_id: '0190a000-0000-7000-8000-000000000001',
    organization_code: 'hopt',
    department_id: null,
    department_code: null,
    pdu_id: pduId,
    pdu_code: `pdu-${pduId.slice(0, 8)}`,
    device_id: null,
    timezone: 'UTC',
    topic: `ledger/${pduId}/socket${socketNumber}`,
    payload_config: null,
    broker: {
      host: hostname,
      port: Number(port),
      username: null,
      credentials: null,
      credentials_owner: `pdu:${pduId}`,
      config: {},
      inherited_from: 'pdu',
    },
  }
}
