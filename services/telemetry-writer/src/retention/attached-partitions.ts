import type pg from 'pg'

/** Comment on a table that retention drops: tells one that a crash left half detached from one that an operator keeps. */
export const MARK = 'detached by retention'

/** A partition as the catalog has it. */
export interface AttachedPartition {
  readonly name: string
  /** Milliseconds since 1970, inclusive. */
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** Detaching has begun and not ended: no query sees its rows any more. */
  readonly detaching: boolean
  /** Retention has begun to drop it. */
  readonly marked: boolean
}

// The bounds, not the name: an operator may have made a partition by another name. One without both ends is left alone.
const LIST = `
  select c.oid::regclass::text as name, i.inhdetachpending as detaching,
    coalesce(obj_description(c.oid, 'pg_class') = '${MARK}', false) as marked,
    extract(epoch from b.bounds[1]::timestamptz)::float8 * 1000 as "from",
    extract(epoch from b.bounds[2]::timestamptz)::float8 * 1000 as "to"
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  cross join lateral (
    select regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM \\('([^']+)'\\) TO \\('([^']+)'\\)$$) as bounds
  ) b
  where i.inhparent = $1::regclass and b.bounds is not null
  order by b.bounds[2]::timestamptz`

/** The partitions of a table, oldest first. */
export async function attachedPartitions(client: pg.ClientBase, table: string): Promise<AttachedPartition[]> {
  return (await client.query<AttachedPartition>(LIST, [table])).rows
}
