import { randomUUID } from 'node:crypto'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'

/** A socket that is connected to the broker at this URL, one per call. */
export function desiredSocket(brokerUrl: string, changes: Partial<SocketDesiredState> = {}): SocketDesiredState {
  const { hostname, port } = new URL(brokerUrl)
  const pduId = changes.pdu_id ?? randomUUID()
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
