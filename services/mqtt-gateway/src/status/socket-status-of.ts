import { NO_TRAFFIC, type SocketStatus } from '@iomt/contracts/socket-status'
import type { SocketConnectionStatus } from '@iomt/socket-mqtt-client/socket-connection-status'
import type { SupervisedSocket } from '../sockets/socket-supervisor.ts'

/** The status of a socket of ours, without `since`. */
export function socketStatusOf(
  socket: SupervisedSocket,
  connection: SocketConnectionStatus | null,
  gateway: string,
): Omit<SocketStatus, 'since'> {
  const { state, notConnectable } = socket
  const versions = { gateway, socket_version: state.socket_version, pdu_version: state.pdu_version }
  if (connection && !notConnectable) return { ...connection, ...versions }
  return {
    socket_id: state.socket_id,
    status: notConnectable?.status ?? 'offline',
    reason: notConnectable?.reason ?? 'waiting for the end of an earlier session',
    topic: state.topic,
    ...versions,
    connection: {
      state: 'none',
      broker: null,
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
