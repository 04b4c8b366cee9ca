import type { ConfigAction, ConfigEntity } from '@iomt/contracts/subjects'
import type { ColumnType, JSONColumnType } from 'kysely'

/** A change that is committed and not yet on NATS; deleted once it is. */
export interface OutboxTable {
  /** Message id on NATS, so that relaying twice stores once. */
  id: string
  entity: ConfigEntity
  action: ConfigAction
  entity_id: string
  entity_version: number
  /** Of a socket: finds the partition of its KV key after the row is gone. */
  pdu_id: string | null
  resource: JSONColumnType<Record<string, unknown> | null, string | null, never>
  created_at: ColumnType<Date, never, never>
}
