import type { Logger } from '@iomt/service-runtime/logger'
import type pg from 'pg'
import type { WriterMetrics } from '../metrics.ts'
import { type PartitionedTable, READINGS } from '../partitions/partitioned-table.ts'
import { withLock } from '../store/with-lock.ts'
import { type AttachedPartition, attachedPartitions } from './attached-partitions.ts'
import { deleteOldEvents } from './delete-old-events.ts'
import { dropDetached, dropPartition, finishDropping } from './drop-partition.ts'
import { type Expiry, eventCutoff, expiries, type RetentionDays } from './retention-plan.ts'

const LOCK_KEY = 7_106_004
/** Longest wait for readers of a partition, and longest chunk of deletes; the next run goes on. */
const STATEMENT_TIMEOUT = '60s'
/** Only ever later: what was dropped does not come back. */
const NOTE_KEPT = `insert into kept_history as known (table_name, since) values ($1, $2)
  on conflict (table_name) do update set since = greatest(known.since, excluded.since)`
/** Longer than the stream of readings keeps the original of a redelivery. */
const DELETE_LATE_REDELIVERIES = `delete from late_redeliveries where stored_at < now() - interval '14 days'`

export interface ApplyRetentionOptions {
  readonly pool: pg.Pool
  readonly days: RetentionDays
  readonly metrics: Pick<WriterMetrics, 'partitionsDropped'>
  readonly logger: Logger
}

/**
 * Drops what is older than it is to be kept, on one connection and under a lock, so that one writer at a time does it.
 * `now` counts only as far as the database's clock agrees: one wrong clock must not delete what should be kept. An
 * aborted `signal` cuts it short; the next run goes on.
 *
 * @returns false when another writer is at it.
 */
export async function applyRetention(
  options: ApplyRetentionOptions,
  now: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const done = await withLock(options.pool, LOCK_KEY, async (client) => {
    // Stays with the connection: nothing that the writer asks may take longer.
    await client.query(`set statement_timeout = '${STATEMENT_TIMEOUT}'`)
    const { rows } = await client.query<{ clock: Date; backend: number }>(
      'select now() as clock, pg_backend_pid() as backend',
    )
    const { clock, backend } = rows[0] as (typeof rows)[0]
    const cancel = () => void options.pool.query('select pg_cancel_backend($1)', [backend]).catch(() => undefined)
    signal?.throwIfAborted()
    signal?.addEventListener('abort', cancel)
    try {
      await drop(client, options, Math.min(now, clock.getTime()))
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
    return true
  })
  return done !== null
}

async function drop(client: pg.ClientBase, options: ApplyRetentionOptions, now: number): Promise<void> {
  const { days, metrics, logger } = options
  const plan = expiries(days, now)
  for (const expiry of plan) await dropExpired(client, expiry, options)
  for (const name of await dropDetached(
    client,
    plan.map(({ table }) => table.name),
  )) {
    logger.info({ partition: name }, 'dropped a partition that was left detached')
    metrics.partitionsDropped.inc({
      table: plan.find(({ table }) => name.startsWith(`${table.name}_`))?.table.name ?? '',
    })
  }
  await client.query(DELETE_LATE_REDELIVERIES)
  const before = eventCutoff(days, now)
  if (before === null) return
  const deleted = await deleteOldEvents(client, before)
  if (deleted > 0) logger.info({ deleted }, 'deleted status events')
}

async function dropExpired(client: pg.ClientBase, expiry: Expiry, options: ApplyRetentionOptions): Promise<void> {
  const { table, cutoff } = expiry
  for (const partition of await attachedPartitions(client, table.name)) {
    const { name, to, detaching, marked } = partition
    if (to > cutoff) return
    // An operator's own detaching goes on or waits for the operator.
    if (detaching && !marked) continue
    if (!detaching && (await isAwaited(client, table, partition))) {
      options.logger.info({ partition: name }, 'not dropped yet: what is in it is still to be rolled up')
      continue
    }
    await client.query(NOTE_KEPT, [table.name, new Date(to).toISOString()])
    if (detaching) await finishDropping(client, table.name, name)
    else await dropPartition(client, table.name, name)
    options.logger.info({ partition: name, until: new Date(to).toISOString() }, 'dropped a partition')
    options.metrics.partitionsDropped.inc({ table: table.name })
  }
}

// Readings are awaited by when they were received: late ones of old minutes lie in newer partitions.
const READINGS_AWAITED = 'select from rollup_pending where received_from < $1 limit 1'
const ROLLUPS_AWAITED = 'select from rollup_pending where bucket < $1 and bucket >= $2 limit 1'

/** Are there minutes to roll up from rows of the partition? */
async function isAwaited(client: pg.ClientBase, table: PartitionedTable, partition: AttachedPartition) {
  const [from, to] = [partition.from, partition.to].map((time) => new Date(time).toISOString())
  const { rowCount } =
    table === READINGS ? await client.query(READINGS_AWAITED, [to]) : await client.query(ROLLUPS_AWAITED, [to, from])
  return (rowCount ?? 0) > 0
}
