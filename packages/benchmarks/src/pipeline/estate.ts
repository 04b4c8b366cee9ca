import { randomUUID } from 'node:crypto'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET, socketConfigKey } from '@iomt/contracts/buckets'
import type { AllStatusReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { ALL_GATEWAYS_STATUS_SUBJECT } from '@iomt/contracts/subjects'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'

export const SOCKETS_PER_PDU = 25
/** Socket ids that one `all.status` request may name. */
const STATUS_PAGE = 1_000
const PDUS_PER_DEPARTMENT = 10

export interface EstateSocket {
  readonly socketId: string
  readonly deviceId: string
  readonly topic: string
}

/** Sockets by PDU: what the load generator publishes on one connection. */
export type Estate = readonly (readonly EstateSocket[])[]

/** PDUs of 25 sockets, each with a device plugged in, as config-api would describe them to the gateways. */
export function describeEstate(brokerUrl: string, sockets: number): SocketDesiredState[][] {
  return Array.from({ length: Math.ceil(sockets / SOCKETS_PER_PDU) }, (_, pdu) => {
    const pduId = randomUUID()
    const count = Math.min(SOCKETS_PER_PDU, sockets - pdu * SOCKETS_PER_PDU)
    return Array.from({ length: count }, (_, socket) => desiredState(brokerUrl, pdu, pduId, socket + 1))
  })
}

export const estateOf = (states: readonly (readonly SocketDesiredState[])[]): Estate =>
  states.map((ofPdu) =>
    ofPdu.map((state) => ({
      socketId: state.socket_id,
      deviceId: state.device_id as string,
      topic: state.topic as string,
    })),
  )

/** Configures them and waits until the gateways have subscribed all. */
export async function configureEstate(natsUrl: string, states: readonly SocketDesiredState[]): Promise<void> {
  const bus = await connectBus({ url: natsUrl, name: 'benchmark', logger: pino({ level: 'silent' }) })
  try {
    const bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
    for (let first = 0; first < states.length; first += 250) {
      const put = (state: SocketDesiredState) =>
        bucket.put(socketConfigKey(partitionOf(state.pdu_id), state.socket_id), JSON.stringify(state))
      await Promise.all(states.slice(first, first + 250).map(put))
    }
    await untilSubscribed(bus, new Set(states.map((state) => state.socket_id)))
  } finally {
    await bus.close()
  }
}

async function untilSubscribed(bus: Bus, missing: Set<string>): Promise<void> {
  await waitFor(
    async () => {
      const socketIds = [...missing].slice(0, STATUS_PAGE)
      const replies = await bus.connection.requestMany(
        ALL_GATEWAYS_STATUS_SUBJECT,
        JSON.stringify({ socket_ids: socketIds }),
        { strategy: 'stall', stall: 200, maxWait: 5_000 },
      )
      for await (const reply of replies) {
        for (const status of reply.json<AllStatusReply>().statuses) {
          if (status.subscription.state === 'subscribed') missing.delete(status.socket_id)
        }
      }
      return missing.size === 0
    },
    { what: 'all sockets to be subscribed', timeout: 120_000, interval: 50 },
  )
}

function desiredState(brokerUrl: string, pdu: number, pduId: string, socketNumber: number): SocketDesiredState {
  const { hostname, port } = new URL(brokerUrl)
  const department = Math.floor(pdu / PDUS_PER_DEPARTMENT)
  return {
    v: 1,
    socket_id: randomUUID(),
    socket_version: 1,
    pdu_version: 1,
    socket_number: socketNumber,
    name: null,
    enabled: true,
    organization_id: '0190a000-0000-7000-8000-000000000001',
    organization_code: 'clinic',
    department_id: `0190a000-0000-7000-8001-${String(department).padStart(12, '0')}`,
    department_code: `ward-${department}`,
    pdu_id: pduId,
    pdu_code: `room-${pdu}`,
    device_id: randomUUID(),
    timezone: 'UTC',
    topic: `clinic/ward-${department}/room-${pdu}/socket${socketNumber}`,
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
