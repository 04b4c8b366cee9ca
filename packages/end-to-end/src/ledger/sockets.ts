import { randomUUID } from 'node:crypto'
import { connectBus } from '@iomt/bus/connect'
import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET, socketConfigKey } from '@iomt/contracts/buckets'
import type { StatusReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { partitionRpcSubject } from '@iomt/contracts/subjects'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import type { NumberedSocket } from './publisher.ts'

const SOCKETS_PER_PDU = 10

/** Configures sockets as config-api does and waits until the gateway has subscribed all of them. */
export async function configureSockets(natsUrl: string, brokerUrl: string, count: number): Promise<NumberedSocket[]> {
  const bus = await connectBus({ url: natsUrl, name: 'test', logger: pino({ level: 'silent' }) })
  try {
    const bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
    const pdus = Array.from({ length: Math.ceil(count / SOCKETS_PER_PDU) }, () => randomUUID())
    const states = Array.from({ length: count }, (_, index) =>
      desiredState(brokerUrl, pdus[Math.floor(index / SOCKETS_PER_PDU)] as string, (index % SOCKETS_PER_PDU) + 1),
    )
    for (const state of states) {
      await bucket.put(socketConfigKey(partitionOf(state.pdu_id), state.socket_id), JSON.stringify(state))
    }
    for (const state of states) {
      const subject = partitionRpcSubject(partitionOf(state.pdu_id), 'status')
      await waitFor(
        async () => {
          const answer = await bus.connection.request(subject, JSON.stringify({ socket_id: state.socket_id }))
          const reply = answer.json<StatusReply>()
          return 'status' in reply && reply.status.subscription.state === 'subscribed'
        },
        { what: `socket ${state.topic} to be subscribed` },
      )
    }
    return states.map((state) => ({ socketId: state.socket_id, topic: state.topic as string }))
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
    pdu_code: 'tang3',
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
