import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'

/** Milliseconds; partitions come and go by the day. */
const REFRESH = 60_000

/** From when on all is kept; null: nothing is. */
export interface KeptHistory {
  readonly raw: Date | null
  readonly minutes: Date | null
}

/**
 * Tells from when on readings and minutes are kept: since the oldest partition, unless retention has dropped newer ones. A device
 * whose clock is years behind makes an old partition again, which holds nothing but its own.
 */
export function createKeptHistory(database: Database, now: () => Date): () => Promise<KeptHistory> {
  let known: { readonly kept: KeptHistory; readonly at: number } | null = null

  return async () => {
    const at = now().getTime()
    if (known && at - known.at < REFRESH) return known.kept
    const { rows } = await sql<{ parent: string; since: Date | null }>`
      select parent.relname as parent, greatest(
          min((regexp_match(pg_get_expr(part.relpartbound, part.oid), 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz),
          (select since from kept_history where table_name = parent.relname)
        ) as since
      from pg_inherits
        join pg_class part on part.oid = inhrelid
        join pg_class parent on parent.oid = inhparent
      where parent.oid in ('device_data_logs'::regclass, 'telemetry_rollups_1m'::regclass)
      group by parent.relname`.execute(database)
    const since = (table: string) => rows.find(({ parent }) => parent === table)?.since ?? null
    const kept = { raw: since('device_data_logs'), minutes: since('telemetry_rollups_1m') }
    known = { kept, at }
    return kept
  }
}
