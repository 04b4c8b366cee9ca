import { once } from 'node:events'
import { NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { BinaryRows } from './binary-rows.ts'
import { isDuplicate } from './classify-error.ts'
import { inTransaction } from './in-transaction.ts'
import type { Reading } from './reading.ts'

/** Columns of `device_data_logs` in the order in which {@link writeRow} fills them. */
const COLUMNS = [
  'timestamp',
  'id',
  'measured_at',
  'device_id',
  'socket_id',
  'data_json',
  ...NUMERIC_MEASUREMENTS,
  'relay_on',
  'phases',
  'extra',
  'quality',
  'measured_at_source',
  'decoder',
  'qos',
  'retained',
] as const
const names = COLUMNS.join(', ')

const COPY_DIRECTLY = copyInto('device_data_logs')

/** Where a batch lands that holds duplicates, since COPY has no ON CONFLICT: of this connection alone, empty after COMMIT. */
const MAKE_INCOMING = `create temporary table if not exists incoming_readings (like device_data_logs) on commit delete rows`
const COPY_ASIDE = copyInto('incoming_readings')
const INSERT_NEW = `insert into device_data_logs (${names}) select ${names} from incoming_readings
  on conflict (timestamp, id) do nothing returning id::text`

/** Inserts the readings that are not there yet and answers which of them those were. `rows` serves one call at a time. */
export type InsertReadings = (
  client: pg.ClientBase,
  rows: BinaryRows,
  readings: readonly Reading[],
) => Promise<readonly Reading[]>

/**
 * Runs `work` in a transaction with the way of inserting that it shall use. Nearly always none of the readings is there
 * yet, and they are copied straight into the table (a third less work for Postgres). The first duplicate ends that
 * transaction, and `work` runs in another, in which they go by way of a temporary table.
 *
 * Both ways insert by key, so that two writers that got the same messages wait for each other instead of deadlocking.
 */
export async function insertingTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient, insert: InsertReadings) => Promise<Result>,
): Promise<Result> {
  try {
    return await inTransaction(pool, (client) => work(client, insertAll))
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
  return await inTransaction(pool, (client) => work(client, insertNew))
}

const insertAll: InsertReadings = async (client, rows, readings) => {
  await copy(client, COPY_DIRECTLY, encoded(rows, readings))
  return readings
}

const insertNew: InsertReadings = async (client, rows, readings) => {
  await client.query(MAKE_INCOMING)
  await copy(client, COPY_ASIDE, encoded(rows, readings))
  const { rows: found } = await client.query<{ id: string }>(INSERT_NEW)
  const inserted = new Set(found.map(({ id }) => id))
  // Takes each id once: a batch may hold the same message twice.
  return readings.filter(({ id }) => inserted.delete(id.toLowerCase()))
}

function encoded(rows: BinaryRows, readings: readonly Reading[]): Buffer {
  rows.begin()
  for (const reading of inKeyOrder(readings)) writeRow(rows, reading)
  return rows.finish()
}

function copyInto(table: string): string {
  return `copy ${table} (${names}) from stdin (format binary)`
}

async function copy(client: pg.ClientBase, statement: string, rows: Buffer): Promise<void> {
  const stream = client.query(copyFrom(statement))
  stream.end(rows)
  await once(stream, 'finish')
}

function inKeyOrder(readings: readonly Reading[]): readonly Reading[] {
  return readings.toSorted((left, right) => left.receivedAt - right.receivedAt || (left.id < right.id ? -1 : 1))
}

function writeRow(rows: BinaryRows, reading: Reading): void {
  const { measurements } = reading
  rows.row(COLUMNS.length)
  rows.timestamp(reading.receivedAt)
  rows.uuid(reading.id)
  rows.timestamp(reading.measuredAt)
  if (reading.deviceId === null) rows.none()
  else rows.uuid(reading.deviceId)
  rows.uuid(reading.socketId)
  rows.jsonb(reading.rawJson)
  for (const name of NUMERIC_MEASUREMENTS) {
    const value = measurements[name]
    if (value === undefined) rows.none()
    else rows.double(value)
  }
  if (measurements.relay_on === undefined) rows.none()
  else rows.boolean(measurements.relay_on)
  record(rows, reading.phases)
  record(rows, reading.extra)
  if (reading.quality.length === 0) rows.none()
  else rows.texts(reading.quality)
  rows.text(reading.measuredAtSource)
  rows.text(reading.decoder)
  rows.smallint(reading.qos)
  rows.boolean(reading.retained)
}

function record(rows: BinaryRows, value: Readonly<Record<string, unknown>> | null): void {
  if (value === null) rows.none()
  else rows.jsonb(JSON.stringify(value))
}
