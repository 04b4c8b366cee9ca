import type { Database } from '@iomt/database/connect'
import type { SocketKey } from '../desired-state/reconcile.ts'
import type { OutboxRow } from './config-event.ts'

/**
 * The sockets whose desired state a change may have changed: the socket itself; all of a PDU, whose block they inherit;
 * all below a department or organization, since their codes are in it. A new parent has no sockets, a deleted one had none.
 */
export async function affectedSockets(database: Database, rows: readonly OutboxRow[]): Promise<SocketKey[]> {
  const affected = new Map<string, SocketKey>()
  for (const { entity, entity_id: socketId, pdu_id: pduId } of rows) {
    if (entity === 'socket' && pduId !== null) affected.set(socketId, { socketId, pduId })
  }
  const updatedIds = (entity: OutboxRow['entity']) =>
    rows.filter((row) => row.entity === entity && row.action === 'updated').map((row) => row.entity_id)
  const parents = [
    { column: 'pdu.id', ids: updatedIds('pdu') },
    { column: 'pdu.department_id', ids: updatedIds('department') },
    { column: 'pdu.organization_id', ids: updatedIds('organization') },
  ] as const
  for (const { column, ids } of parents) {
    if (ids.length === 0) continue
    const sockets = await database
      .selectFrom('sockets')
      .innerJoin('power_distribution_units as pdu', 'pdu.id', 'sockets.pdu_id')
      .select(['sockets.id as socketId', 'sockets.pdu_id as pduId'])
      .where(column, 'in', ids)
      .execute()
    for (const socket of sockets) affected.set(socket.socketId, socket)
  }
  return [...affected.values()]
}
