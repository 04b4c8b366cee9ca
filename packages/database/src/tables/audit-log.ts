import type { ColumnType, JSONColumnType } from 'kysely'

/** Who changed what; `before` and `after` are the resources as `GET` shows them, so they hold no secret. */
export interface AuditLogTable {
  id: string
  at: ColumnType<Date, never, never>
  actor: string
  action: string
  entity: string
  entity_id: string
  version: number | null
  before: JSONColumnType<Record<string, unknown> | null, string | null, never>
  after: JSONColumnType<Record<string, unknown> | null, string | null, never>
  request_id: string | null
}
