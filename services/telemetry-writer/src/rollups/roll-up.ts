import type pg from 'pg'
import type { PartitionKeeper } from '../partitions/partition-keeper.ts'
import { instantArray, textArray } from '../store/binary-array.ts'
import { inTransaction } from '../store/in-transaction.ts'
import { withLock } from '../store/with-lock.ts'
import { ROLL_UP } from './rollup-sql.ts'

const LOCK_KEY = 7_106_003
/**
 * Minutes of sockets that one transaction computes, some 0.3 s for a reading every 0.1 s. A whole minute of all sockets in one
 * would keep a core busy for seconds and old versions of current states from being cleared away.
 */
const SLICE = 100

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
  /**
   * Called between two slices with the milliseconds that the last one took; the next begins when it resolves. False ends the
   * round, and what it was about stays pending.
   */
  readonly betweenSlices?: (milliseconds: number) => Promise<boolean>
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

const DUE = `
  with due as (
    select bucket from (${PENDING}) p where due_at <= now() order by bucket desc limit $3
  )
  select bucket, array_agg(distinct socket_id)::text as socket_ids, array_agg(distinct id)::text as ids
  from rollup_pending p join due using (bucket), unnest(p.socket_ids) as socket_id group by bucket order by bucket desc`
const DONE = `
  delete from rollup_pending p using unnest($1::timestamptz[], $2::text[]) as done(bucket, ids)
  where p.bucket = done.bucket and p.id = any(done.ids::bigint[])`

/** A minute and the sockets that it has to be computed for. */
interface DueMinute {
  readonly bucket: Date
  readonly sockets: readonly string[]
}

/**
 * Rolls up what is pending, which one writer at a time can do: computes each due minute from its readings, then the hours and
 * the days that hold it, a slice of sockets a transaction. What was pending is deleted last. Nothing is missed: a pending row is
 * committed together with its readings, so who sees it sees them in the next statement, whoever comes later adds another
 * one, and after a kill all is computed again to the same result.
 *
 * @returns the minutes that were rolled up, or null when another writer is at it.
 */
export async function rollUp(options: RollUpOptions, scope: RollupScope): Promise<number | null> {
  const { pool, partitions, betweenSlices } = options
  return await withLock(pool, LOCK_KEY, async (client) => {
    const { rows } = await client.query<{ bucket: Date; socket_ids: string; ids: string }>(DUE, [
      new Date(scope.endedBy).toISOString(),
      scope.quietSeconds,
      scope.minutes,
    ])
    if (rows.length === 0) return 0
    await partitions.ensureRollups(rows.map(({ bucket }) => bucket.getTime()))
    const minutes = rows.map(({ bucket, socket_ids }) => ({ bucket, sockets: socket_ids.slice(1, -1).split(',') }))
    for (const slice of slices(minutes)) {
      const startedAt = performance.now()
      // Keeps the lock's connection from being idle too long, and fails when the lock is lost.
      await client.query('select 1')
      await computeSlice(pool, slice)
      if ((await betweenSlices?.(performance.now() - startedAt)) === false) return 0
    }
    await client.query(DONE, [
      instantArray(rows.map(({ bucket }) => bucket.getTime())),
      textArray(rows.map(({ ids }) => ids)),
    ])
    return rows.length
  })
}

/** Parts of at most {@link SLICE} minutes of sockets. */
function* slices(minutes: readonly DueMinute[]): Generator<readonly DueMinute[]> {
  let slice: DueMinute[] = []
  let room = SLICE
  for (const { bucket, sockets } of minutes) {
    for (let from = 0; from < sockets.length; ) {
      const part = sockets.slice(from, from + room)
      slice.push({ bucket, sockets: part })
      from += part.length
      room -= part.length
      if (room > 0) continue
      yield slice
      slice = []
      room = SLICE
    }
  }
  if (slice.length > 0) yield slice
}

async function computeSlice(pool: pg.Pool, slice: readonly DueMinute[]): Promise<void> {
  const touched = [
    instantArray(slice.map(({ bucket }) => bucket.getTime())),
    textArray(slice.map(({ sockets }) => `{${sockets.join()}}`)),
  ]
  await inTransaction(pool, async (client) => {
    for (const statement of ROLL_UP) await client.query(statement, touched)
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
