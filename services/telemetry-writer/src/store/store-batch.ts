import type { Failpoint } from '@iomt/service-runtime/failpoint'
import type pg from 'pg'
import type { WriterMetrics } from '../metrics.ts'
import { dayOf } from '../partitions/day.ts'
import type { PartitionKeeper } from '../partitions/partition-keeper.ts'
import { recordPendingRollups } from '../rollups/record-pending.ts'
import { type BinaryRows, createBinaryRows } from './binary-rows.ts'
import { isPartitionMissing } from './classify-error.ts'
import { mergeIntoCurrentState } from './current-state.ts'
import { insertingTransaction } from './insert-readings.ts'
import { findKnownReadings, noteLateRedeliveries } from './known-readings.ts'
import type { Reading } from './reading.ts'

export interface StoreBatchOptions {
  readonly pool: pg.Pool
  readonly partitions: PartitionKeeper
  readonly metrics: Pick<WriterMetrics, 'rows' | 'duplicates'>
  readonly afterCommit: Failpoint
}

/**
 * Stores readings in one transaction, all or nothing: rows that are not there yet, and of exactly those the current state
 * of their devices, so that a reading which JetStream delivers twice is neither logged nor merged twice.
 *
 * @throws what Postgres says; nothing is stored then.
 */
export function createBatchStore(options: StoreBatchOptions): (readings: readonly Reading[]) => Promise<void> {
  const { pool, partitions, metrics, afterCommit } = options
  // A connection has one batch at a time.
  const rowsOf = new WeakMap<pg.ClientBase, BinaryRows>()
  return async (readings) => {
    await partitions.ensure(new Set(readings.map(({ receivedAt }) => dayOf(receivedAt))))
    try {
      const stored = await insertingTransaction(pool, (client, insert) =>
        storeReadings(client, readings, (unknown) => insert(client, buffered(client), unknown)),
      )
      metrics.rows.inc(stored)
      metrics.duplicates.inc(readings.length - stored)
      afterCommit(stored)
    } catch (error) {
      if (isPartitionMissing(error)) partitions.forget()
      throw error
    }
  }

  function buffered(client: pg.ClientBase): BinaryRows {
    const rows = rowsOf.get(client) ?? createBinaryRows()
    rowsOf.set(client, rows)
    return rows
  }
}

async function storeReadings(
  client: pg.ClientBase,
  readings: readonly Reading[],
  insert: (readings: readonly Reading[]) => Promise<readonly Reading[]>,
): Promise<number> {
  const known = await findKnownReadings(client, readings)
  const unknown = known.size > 0 ? readings.filter((reading) => !known.has(reading)) : readings
  if (unknown.length === 0) return 0
  const fresh = await insert(unknown)
  if (fresh.length === 0) return 0
  await noteLateRedeliveries(client, fresh)
  await recordPendingRollups(client, fresh)
  await mergeIntoCurrentState(client, fresh)
  return fresh.length
}
