import { NO_TRAFFIC, type SocketStatus } from '@iomt/contracts/socket-status'
import { effectiveBroker, type SocketRow, topicOf } from '../sockets/socket-row.ts'

/** The status that follows from the configuration alone, or null when only a gateway can tell. */
export function statusWithoutGateway(socket: SocketRow): SocketStatus | null {
  if (!socket.is_enabled) return emptyStatus(socket, 'disabled', 'the socket is disabled (is_enabled: false)')
  const missing = [
    ...(socket.pdu_base_topic === null ? ['mqtt_base_topic of the PDU'] : []),
    ...(socket.mqtt_topic_suffix === null ? ['mqtt_topic_suffix of the socket'] : []),
    ...(effectiveBroker(socket) === null ? ['mqtt_broker_host of the socket or its PDU'] : []),
  ]
  return missing.length > 0 ? emptyStatus(socket, 'unconfigured', `not set: ${missing.join(', ')}`) : null
}

/** A socket that should be connected, and that no gateway answers for. */
export function unassignedStatus(socket: SocketRow, reason: string): SocketStatus {
  return emptyStatus(socket, 'unassigned', reason)
}

function emptyStatus(socket: SocketRow, status: SocketStatus['status'], reason: string): SocketStatus {
  const broker = effectiveBroker(socket)?.broker
  return {
    socket_id: socket.id,
    status,
    reason,
    since: null,
    gateway: null,
    topic: topicOf(socket),
    socket_version: null,
    pdu_version: null,
    connection: {
      state: 'none',
      broker: broker ? `${broker.mqtt_broker_host}:${broker.mqtt_broker_port}` : null,
      client_id: null,
      since: null,
      session_resumed: null,
      attempts: 0,
      last_error: null,
    },
    subscription: { state: 'none', requested_qos: null, granted_qos: null, reason: null },
    traffic: NO_TRAFFIC,
    advice: [],
  }
}
