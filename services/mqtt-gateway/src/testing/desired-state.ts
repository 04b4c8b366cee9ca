import { randomUUID } from 'node:crypto'
import { PARTITION_COUNT, partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'

const taken = new Set<number>()

/** In a partition of its own while there are any: sockets of one partition share a connection, and with it what other tests did to it. */
function freshPduId(): string {
  if (taken.size === PARTITION_COUNT) taken.clear()
  for (;;) {
    const id = randomUUID()
    const partition = partitionOf(id)
    if (taken.has(partition)) continue
    taken.add(partition)
    return id
  }
}

/** A socket that is connected to the broker at this URL, one per call. */
export function desiredSocket(brokerUrl: string, changes: Partial<SocketDesiredState> = {}): SocketDesiredState {
  const { hostname, port } = new URL(brokerUrl)
  const pduId = changes.pdu_id ?? freshPduId()
  return {
    v: 1,
    socket_id: randomUUID(),
    socket_version: 1,
    pdu_version: 1,
    socket_number: 1,
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
    topic: `test/${randomUUID()}/socket1`,
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
    ...changes,
  }
}
