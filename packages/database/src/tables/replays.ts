import type { ColumnType, Generated, JSONColumnType } from 'kysely'

/** A run over dead letters or stored readings, decoding them again. */
export interface ReplaysTable {
  id: string
  organization_id: string
  source: 'dead-letters' | 'logs'
  /** One of the two is set. */
  socket_id: string | null
  pdu_id: string | null
  from_at: Date
  to_at: Date
  dry_run: boolean
  state: 'running' | 'done' | 'interrupted' | 'failed'
  requested_by: string
  examined: Generated<number>
  decoded: Generated<number>
  stored: Generated<number>
  skipped: Generated<number>
  failed: Generated<number>
  /** Count by reason of what failed. */
  reasons: JSONColumnType<Record<string, number>, string | undefined, string>
  error: string | null
  created_at: ColumnType<Date, never, never>
  heartbeat_at: Generated<Date>
  finished_at: Date | null
}
