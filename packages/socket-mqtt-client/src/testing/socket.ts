import { randomUUID } from 'node:crypto'
import type { SocketConfig } from '../socket-config.ts'

/** A socket on the broker at this URL, of organization A and partition 7. */
export function testSocket(brokerUrl: string, changes: Partial<SocketConfig> = {}): SocketConfig {
  const { hostname, port } = new URL(brokerUrl)
  const id = randomUUID()
  return {
    socket_id: id,
    socket_number: 1,
    organization_id: 'organization-a',
    partition: 7,
    topic: `test/${id}`,
    mqtt_broker_host: hostname,
    mqtt_broker_port: Number(port || 1883),
    mqtt_credentials: {},
    mqtt_config: {},
    ...changes,
  }
}
