import type pg from 'pg'
import type { PartitionKeeper } from '../partitions/partition-keeper.ts'
import { plainArray, textArray } from '../store/array-literal.ts'
import { inTransaction } from '../store/in-transaction.ts'
import { ROLL_UP } from './rollup-sql.ts'

const LOCK_KEY = 7_106_003

/** What one round may take on; times are milliseconds since 1970. */
export interface RollupScope {
  /** Only minutes that have ended by then. */
  readonly endedBy: number
  /**
   * Only minutes that got nothing for so long, or 20 times as long when they are of long ago, so that a backlog does not
   * compute each of them again and again.
   */
  readonly quietSeconds: number
  /** At most so many, newest first: what people look at does not wait for a device that delivers its last month. */
  readonly minutes: number
}

export interface RollUpOptions {
  readonly pool: pg.Pool
  readonly partitions: Pick<PartitionKeeper, 'ensureRollups'>
}

/**
 * Pending minutes and when each is due: once it got nothing for a while, or has waited long enough. Minutes of long ago
 * wait longer: behind those whose readings never stop coming is a device whose clock stands still.
 */
const PENDING = `
  select bucket, case when bucket < first_at - interval '1 hour'
    then least(last_at + 20 * quiet, first_at + interval '10 minutes')
    else least(last_at + quiet, first_at + interval '1 minute') end as due_at
  from (
    select bucket, min(recorded_at) as first_at, max(recorded_at) as last_at, $2::float8 * interval '1 second' as quiet
    from rollup_pending where bucket <= $1::timestamptz - interval '1 minute' group by bucket
  ) p`

const TAKE = `
  with due as (
    select bucket from (${PENDING}) p where due_at <= now() order by bucket desc limit $3
  ), taken as (
    delete from rollup_pending p using due where p.bucket = due.bucket returning p.bucket, p.socket_ids
  )
  select bucket, array_agg(distinct socket_id)::text as socket_ids
  from taken, unnest(taken.socket_ids) as socket_id group by bucket`

/**
 * Rolls up what is pending, in one transaction that one writer at a time can have: takes pending minutes, computes each
 * from its readings, then the hours and the days that hold them. Nothing is missed: a pending row is committed together
 * with its readings, so who sees it sees them in the next statement, and whoever comes later adds another one.
 *
 * @returns the minutes that were rolled up, or null when another writer is at it.
 */
export async function rollUp(options: RollUpOptions, scope: RollupScope): Promise<number | null> {
  return await inTransaction(options.pool, async (client) => {
    // Compiling takes longer than the statements; they are planned anew each time and look expensive.
    await client.query('set local jit = off')
    const { rows: locks } = await client.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [
      LOCK_KEY,
    ])
    if (locks[0]?.free !== true) return null
    const { rows } = await client.query<{ bucket: Date; socket_ids: string }>(TAKE, [
      new Date(scope.endedBy).toISOString(),
      scope.quietSeconds,
      scope.minutes,
    ])
    if (rows.length === 0) return 0
    await options.partitions.ensureRollups(rows.map(({ bucket }) => bucket.getTime()))
    const touched = [
      plainArray(rows.map(({ bucket }) => bucket.toISOString())),
      textArray(rows.map(({ socket_ids }) => socket_ids)),
    ]
    for (const statement of ROLL_UP) await client.query(statement, touched)
    return rows.length
  })
}

const LAG = `
  select coalesce(max(extract(epoch from now() - greatest(bucket + interval '1 minute', due_at))), 0)::float8 as lag
  from (${PENDING}) p`

/** Seconds for which the longest due minute waits for its rollup; 0: none does. */
export async function rollupLag(pool: pg.Pool, scope: Pick<RollupScope, 'endedBy' | 'quietSeconds'>): Promise<number> {
  const { rows } = await pool.query<{ lag: number }>(LAG, [new Date(scope.endedBy).toISOString(), scope.quietSeconds])
  return Math.max(0, rows[0]?.lag ?? 0)
}
