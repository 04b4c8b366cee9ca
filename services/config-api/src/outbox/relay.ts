import type { Bus } from '@iomt/bus/connect'
import { configSubject } from '@iomt/contracts/subjects'
import type { Database } from '@iomt/database/connect'
import type { KV } from '@nats-io/kv'
import { forEachConcurrently } from '../desired-state/for-each-concurrently.ts'
import { reconcileSockets } from '../desired-state/reconcile.ts'
import { affectedSockets } from './affected-sockets.ts'
import { configEvent, type OutboxRow } from './config-event.ts'

const RELAY_BATCH = 200
const PUBLISH_CONCURRENCY = 32

export interface RelayTarget {
  readonly bus: Bus
  readonly bucket: KV
}

/** Called between the steps; tests fail here to show that a crash at any point loses nothing. */
export type RelayStep = (
  step: 'picked' | 'published' | 'reconciled',
  rows: readonly OutboxRow[],
) => Promise<void> | void

/**
 * Brings a batch of committed changes to NATS and answers how many: publishes the events and waits for their
 * acknowledgements, brings the desired states up to date, deletes the rows, in one transaction that holds the rows'
 * locks. A crash anywhere leaves the rows for the next relay, for which every step is harmless to repeat: the stream
 * drops an event with a message id it has (for 2 minutes; consumers go by version anyhow), and the bucket is equal.
 *
 * Rows are picked by lock, not by a cursor over ids: transactions commit in another order than their ids were made, and a
 * cursor would step over the late ones. Relays of several replicas work side by side on different rows.
 */
export async function relayBatch(database: Database, target: RelayTarget, onStep?: RelayStep): Promise<number> {
  return await database.transaction().execute(async (transaction) => {
    const rows: OutboxRow[] = await transaction
      .selectFrom('outbox')
      .selectAll()
      .orderBy('id')
      .limit(RELAY_BATCH)
      .forUpdate()
      .skipLocked()
      .execute()
    if (rows.length === 0) return 0
    await onStep?.('picked', rows)
    await forEachConcurrently(rows, PUBLISH_CONCURRENCY, async (row) => {
      const subject = configSubject(row.entity, row.action, row.entity_id)
      await target.bus.jetstream.publish(subject, JSON.stringify(configEvent(row)), { msgID: row.id })
    })
    await onStep?.('published', rows)
    // Read outside this transaction: each read must see what is committed now, whatever the isolation level here.
    await reconcileSockets(database, target.bucket, await affectedSockets(database, rows))
    await onStep?.('reconciled', rows)
    await transaction
      .deleteFrom('outbox')
      .where(
        'id',
        'in',
        rows.map(({ id }) => id),
      )
      .execute()
    return rows.length
  })
}
