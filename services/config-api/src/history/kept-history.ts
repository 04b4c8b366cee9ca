import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'

/** Milliseconds; partitions come and go by the day. */
const REFRESH = 60_000

/** From when on there are partitions; null: there are none. */
export interface KeptHistory {
  readonly raw: Date | null
  readonly minutes: Date | null
}

/** Tells from when on readings and minutes are kept: retention belongs to the writer, and the partitions show what it did. */
export function createKeptHistory(database: Database, now: () => Date): () => Promise<KeptHistory> {
  let known: { readonly kept: KeptHistory; readonly at: number } | null = null

  return async () => {
    const at = now().getTime()
    if (known && at - known.at < REFRESH) return known.kept
    const { rows } = await sql<{ parent: string; oldest: Date | null }>`
      select parent.relname as parent,
        min((regexp_match(pg_get_expr(part.relpartbound, part.oid), 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz) as oldest
      from pg_inherits
        join pg_class part on part.oid = inhrelid
        join pg_class parent on parent.oid = inhparent
      where parent.oid in ('device_data_logs'::regclass, 'telemetry_rollups_1m'::regclass)
      group by 1`.execute(database)
    const oldest = (table: string) => rows.find(({ parent }) => parent === table)?.oldest ?? null
    const kept = { raw: oldest('device_data_logs'), minutes: oldest('telemetry_rollups_1m') }
    known = { kept, at }
    return kept
  }
}
