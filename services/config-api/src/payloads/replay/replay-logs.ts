import { MEASUREMENT_NAMES } from '@iomt/contracts/measurements'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Schema } from '@iomt/database/schema'
import type { DecodedReading } from '@iomt/payload-decoders/decoded-payload'
import { sql, type Transaction } from 'kysely'
import { canonicalJson } from '../../desired-state/canonical-json.ts'
import { bytesOfRaw } from '../message-bytes.ts'
import type { ReplayRun } from './replay-run.ts'
import { createSocketRedecoder } from './socket-redecoder.ts'

const BATCH = 200
const MINUTE = 60_000

interface LogRow {
  readonly timestamp: Date
  readonly id: string
  readonly measured_at: Date
  readonly measured_at_source: string
  readonly data_json: unknown
  readonly retained: boolean
  /** Everything that decoding decides, as it is. */
  readonly values: Record<string, unknown>
}

interface ChangedRow {
  readonly row: LogRow
  readonly measuredAt: Date
  readonly source: 'device' | 'received'
  readonly values: Record<string, unknown>
}

/**
 * Decodes the stored readings of the sockets again and changes in place what comes out differently; the minutes that they are
 * in are rolled up anew. A row that is not understood any more stays as it is.
 */
export async function replayLogs(run: ReplayRun, states: ReadonlyMap<string, SocketDesiredState>): Promise<void> {
  const redecoder = createSocketRedecoder(states, run.progress)
  for (const socketId of states.keys()) {
    let after: { measuredAt: Date; id: string } | null = null
    for (;;) {
      const rows: LogRow[] = await readRows(run, socketId, after)
      const last = rows.at(-1)
      if (!last) break
      after = { measuredAt: last.measured_at, id: last.id }
      run.progress.examined += rows.length
      const changed = rows.flatMap((row): ChangedRow[] => {
        const message = { topic: null, receivedAt: row.timestamp }
        const decoded = redecoder.decode(socketId, bytesOfRaw(row.data_json), message)
        if (!decoded) return []
        const now = changedRow(row, decoded.reading)
        if (now === null) run.progress.skipped += 1
        return now === null ? [] : [now]
      })
      if (!run.dryRun && changed.length > 0) {
        await run.database.transaction().execute((transaction) => writeRows(transaction, socketId, changed))
        run.progress.stored += changed.length
      }
      await run.save()
    }
  }
}

/** In the order of the index, which has no order of receipt. */
async function readRows(
  { database, from, to }: ReplayRun,
  socketId: string,
  after: { measuredAt: Date; id: string } | null,
): Promise<LogRow[]> {
  const rest = after === null ? sql`` : sql` and (measured_at, id) > (${after.measuredAt}, ${after.id})`
  const { rows } = await sql<LogRow>`
    select timestamp, id, measured_at, measured_at_source, data_json, retained, jsonb_strip_nulls(jsonb_build_object(
      ${sql.raw(MEASUREMENT_NAMES.map((name) => `'${name}', ${name}`).join(', '))},
      'phases', phases, 'extra', extra, 'quality', quality, 'decoder', decoder)) as values
    from device_data_logs
    where socket_id = ${socketId} and measured_at >= ${from} and measured_at < ${to}${rest}
    order by measured_at, id limit ${BATCH}`.execute(database)
  return rows
}

/** Null: nothing changes. */
function changedRow(row: LogRow, reading: DecodedReading): ChangedRow | null {
  const { measurements, phases, extra, quality, decoder } = reading
  const replayed = Array.isArray(row.values['quality']) && row.values['quality'].includes('replayed')
  const doubts = replayed ? [...quality, 'replayed'] : quality
  const values = {
    ...measurements,
    ...(phases === null ? {} : { phases }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    ...(doubts.length === 0 ? {} : { quality: doubts }),
    decoder,
  }
  const measuredAt = reading.measuredAt ?? row.timestamp
  const source = reading.measuredAt ? 'device' : 'received'
  const same =
    measuredAt.getTime() === row.measured_at.getTime() &&
    source === row.measured_at_source &&
    canonicalJson(values) === canonicalJson(row.values)
  return same ? null : { row, measuredAt, source, values }
}

async function writeRows(transaction: Transaction<Schema>, socketId: string, changed: readonly ChangedRow[]) {
  const columns = [...MEASUREMENT_NAMES, 'phases', 'extra', 'quality', 'decoder', 'measured_at', 'measured_at_source']
  const records = changed.map(({ row, measuredAt, source, values }) => ({
    timestamp: row.timestamp,
    id: row.id,
    ...values,
    measured_at: measuredAt,
    measured_at_source: source,
  }))
  const times = changed.map(({ row }) => row.timestamp.getTime())
  await sql`
    update device_data_logs log set ${sql.raw(columns.map((name) => `${name} = new.${name}`).join(', '))}
    from json_populate_recordset(null::device_data_logs, ${JSON.stringify(records)}) new
    where log.timestamp = new.timestamp and log.id = new.id
      and log.timestamp between ${new Date(Math.min(...times))} and ${new Date(Math.max(...times))}`.execute(
    transaction,
  )
  const minutes = [...touchedMinutes(changed)]
  await sql`
    insert into rollup_pending (bucket, received_from, socket_ids)
    select bucket, received_from, array[${socketId}]::uuid[]
    from unnest(${minutes.map(([minute]) => new Date(minute).toISOString())}::timestamptz[],
      ${minutes.map(([, from]) => new Date(from).toISOString())}::timestamptz[]) as p(bucket, received_from)`.execute(
    transaction,
  )
}

/** Where the readings were and where they are now, each with the earliest time of receipt. */
function touchedMinutes(changed: readonly ChangedRow[]): Map<number, number> {
  const minutes = new Map<number, number>()
  for (const { row, measuredAt } of changed) {
    for (const at of [row.measured_at, measuredAt]) {
      const minute = Math.floor(at.getTime() / MINUTE) * MINUTE
      minutes.set(minute, Math.min(minutes.get(minute) ?? Number.POSITIVE_INFINITY, row.timestamp.getTime()))
    }
  }
  return minutes
}
