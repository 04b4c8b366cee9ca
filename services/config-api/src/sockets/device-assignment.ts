import type { Socket } from '@iomt/contracts/rest/socket'
import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import type { Actor } from '../changes/change.ts'
import { notFound, Refusal } from '../changes/refusal.ts'

type Place = Pick<Socket, 'id' | 'organization_id' | 'device_id'>

/**
 * Puts a device on a socket, or takes it off (null), and keeps the history: from when to when it was there, and by whom.
 * The row's own columns are returned for the caller's update, so that one change is one new version.
 *
 * @throws Refusal when there is no such device in the organization, or the socket has another one. A device that is on
 * another socket breaks `sockets_device_id_key`, which is refused as `device-taken`.
 */
export async function assignDevice(
  transaction: Transaction<Schema>,
  socket: Place,
  deviceId: string | null,
  actor: Actor,
): Promise<{
  device_id?: string | null
  assigned_at?: ReturnType<typeof sql<Date>> | null
  assigned_by?: string | null
}> {
  if (deviceId === socket.device_id) return {}
  if (deviceId !== null && socket.device_id !== null) {
    throw new Refusal('socket-taken', `The socket has device ${socket.device_id}; unassign that one first.`, [
      { pointer: '/socket_id', detail: `has device ${socket.device_id}` },
    ])
  }
  if (deviceId === null) {
    await transaction
      .updateTable('socket_assignments')
      .set({ unassigned_at: sql`now()`, unassigned_by: actor.name })
      .where('socket_id', '=', socket.id)
      .where('unassigned_at', 'is', null)
      .execute()
    return { device_id: null, assigned_at: null, assigned_by: null }
  }
  const device = await transaction
    .selectFrom('devices')
    .select('id')
    .where('id', '=', deviceId)
    .where('organization_id', '=', socket.organization_id)
    .forKeyShare()
    .executeTakeFirst()
  if (!device) throw notFound('device', `${deviceId} in the socket's organization`, '/device_id')
  await transaction
    .insertInto('socket_assignments')
    .values({
      id: newId(),
      socket_id: socket.id,
      device_id: device.id,
      assigned_at: sql`now()`,
      assigned_by: actor.name,
    })
    .execute()
  return { device_id: device.id, assigned_at: sql<Date>`now()`, assigned_by: actor.name }
}
