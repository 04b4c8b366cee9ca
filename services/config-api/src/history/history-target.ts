import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { departmentResource } from '../departments/department-resource.ts'
import { deviceResource } from '../devices/device-resource.ts'
import { requirePdu } from '../pdus/require-pdu.ts'
import { requireResource } from '../resources/change-resource.ts'
import { requireSocket } from '../sockets/socket-row.ts'
import { type Stay, staysOf } from './device-stays.ts'

export type TargetKind = 'device' | 'socket' | 'pdu' | 'department'

/** Whose history is asked for, as the sockets that it is in. */
export interface HistoryTarget {
  readonly kind: TargetKind
  readonly id: string
  /** Only readings of this device; null: of all. */
  readonly deviceId: string | null
  readonly sockets: readonly string[]
  /** When readings can have arrived at each of the sockets, for questions about raw readings. */
  readonly stays: readonly Stay[]
  /** Where its days begin unless the question says otherwise. */
  readonly timeZone: string
}

/**
 * A device is followed over every socket it was on; a PDU has the sockets it has today, a department the PDUs it has today.
 * @throws Refusal `not-found` when there is none, or it is another tenant's.
 */
export async function findTarget(
  database: Database,
  kind: TargetKind,
  id: string,
  tenant: string | null,
): Promise<HistoryTarget> {
  if (kind === 'device') return await deviceTarget(database, id, tenant)
  if (kind === 'department') await requireResource(database, departmentResource, id, tenant)
  else if (kind === 'pdu') await requirePdu(database, id, tenant)
  else await requireSocket(database, id, tenant)
  const column = { socket: 'sockets.id', pdu: 'sockets.pdu_id', department: 'pdu.department_id' } as const
  const rows = await database
    .selectFrom('power_distribution_units as pdu')
    .leftJoin('sockets', 'sockets.pdu_id', 'pdu.id')
    .select(['sockets.id', 'pdu.timezone'])
    .where(kind === 'pdu' ? 'pdu.id' : column[kind], '=', id)
    .orderBy('sockets.id')
    .execute()
  const sockets = rows.flatMap((row) => (row.id === null ? [] : [row.id]))
  const zones = new Set(rows.map(({ timezone }) => timezone))
  return {
    kind,
    id,
    deviceId: null,
    sockets,
    stays: sockets.map((socketId) => ({ socketId, since: null, until: null })),
    timeZone: zones.size === 1 ? ([...zones][0] as string) : 'UTC',
  }
}

async function deviceTarget(database: Database, id: string, tenant: string | null): Promise<HistoryTarget> {
  const device = await requireResource(database, deviceResource, id, tenant)
  const assigned = await database
    .selectFrom('socket_assignments')
    .select(['socket_id', 'assigned_at', 'unassigned_at'])
    .where('device_id', '=', device.id)
    .unionAll(
      database
        .selectFrom('sockets')
        .select(['id as socket_id', sql<Date>`coalesce(assigned_at, created_at)`.as('assigned_at')])
        .select(sql<Date | null>`null::timestamptz`.as('unassigned_at'))
        .where('device_id', '=', device.id),
    )
    .execute()
  const sockets = [...new Set(assigned.map(({ socket_id: socket }) => socket))].sort()
  const known =
    sockets.length === 0
      ? []
      : await database
          .selectFrom('telemetry_rollups_1d')
          .select(['socket_id', ({ fn }) => fn.min('bucket').as('first_day')])
          .where('socket_id', 'in', sockets)
          .where('device_id', '=', device.id)
          .groupBy('socket_id')
          .execute()
  return {
    kind: 'device',
    id: device.id,
    deviceId: device.id,
    sockets,
    stays: staysOf(assigned, known),
    timeZone: 'UTC',
  }
}
