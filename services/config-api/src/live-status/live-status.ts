import type { SocketStatus } from '@iomt/contracts/socket-status'
import type { SocketRow } from '../sockets/socket-row.ts'
import type { GatewayClient } from './gateway-client.ts'
import { statusWithoutGateway, unassignedStatus } from './offline-status.ts'

/** The live status of one socket. */
export async function statusOfSocket(gateways: GatewayClient, socket: SocketRow): Promise<SocketStatus> {
  const known = statusWithoutGateway(socket)
  if (known) return known
  const answer = await gateways.status(socket.pdu_id, socket.id)
  return 'unanswered' in answer ? unassignedStatus(socket, answer.unanswered) : answer
}

/** The live status of each socket, in their order. At most 1,000 sockets. */
export async function statusesOfSockets(
  gateways: GatewayClient,
  sockets: readonly SocketRow[],
): Promise<SocketStatus[]> {
  const known = sockets.map(statusWithoutGateway)
  const asked = sockets.filter((_, index) => known[index] === null).map((socket) => socket.id)
  const answered = await gateways.statuses(asked)
  return sockets.map(
    (socket, index) => known[index] ?? answered.get(socket.id) ?? unassignedStatus(socket, 'no gateway answered'),
  )
}
