import type { Generated, JSONColumnType } from 'kysely'
import type { BrokerColumns } from './broker-columns.ts'
import type { RowColumns } from './organizations.ts'

export interface SocketsTable extends RowColumns, BrokerColumns {
  id: string
  pdu_id: string
  socket_number: number
  name: string | null
  mqtt_topic_suffix: string | null
  payload_config: JSONColumnType<Record<string, unknown> | null, string | null | undefined, string | null>
  device_id: string | null
  assigned_at: Date | null
  assigned_by: string | null
  is_enabled: Generated<boolean>
}

/** Time-bounded history of socket -> device; `unassigned_at` null while it lasts. */
export interface SocketAssignmentsTable {
  id: string
  socket_id: string
  device_id: string
  assigned_at: Date
  assigned_by: string | null
  unassigned_at: Date | null
  unassigned_by: string | null
}
