import pg from 'pg'
import { stoppedBy, withStarted } from '../measure/start-together.ts'
import { startApiProcesses } from './api-processes.ts'
import { fillHistory } from './fill-history.ts'
import { fillEstate, SOCKETS_PER_PDU } from './history-estate.ts'
import type { EndpointResult } from './measure-endpoint.ts'
import { type ExportResult, measureExport } from './measure-export.ts'
import { historyQuestions, measureQuestions } from './measure-history.ts'

/** Seconds between two readings of a socket. */
const INTERVAL = 10
const PDUS_WITH_READINGS = 3
const PDUS = 200
/** Half of them, see {@link historyQuestions}. */
const STEADY_PDUS = 100
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A quarter of a 16 GB machine's memory would be 4 GB; this is less than a third of what is filled. */
const POSTGRES = { shared_buffers: '2GB', max_wal_size: '8GB', checkpoint_timeout: '15min', work_mem: '16MB' }

export interface TableSize {
  readonly rows: number
  readonly gib: number
}

export interface HistoryResult {
  readonly postgres: Readonly<Record<string, string>>
  readonly days: number
  /** With readings of their own; rollups of an hour and a day, and current state, there are of 5,000. */
  readonly sockets: number
  readonly intervalSeconds: number
  readonly tables: Readonly<Record<string, TableSize>>
  readonly requests: number
  /** By what is asked: milliseconds over HTTP, one request after the other. */
  readonly questions: Readonly<Record<string, EndpointResult>>
  readonly export: ExportResult
}

/**
 * History over HTTP on a large database: a reading each 10 s from 75 sockets (3 PDUs) for as many days as `rows` needs, hours
 * and days of 5,000 sockets, current state of 5,000 devices.
 */
export async function runHistoryScenario(options: {
  rows: number
  requests: number
  say: (line: string) => void
}): Promise<HistoryResult> {
  const { requests, say } = options
  const sockets = PDUS_WITH_READINGS * SOCKETS_PER_PDU
  const perDay = (sockets * DAY) / 1_000 / INTERVAL
  const days = Math.max(2, Math.ceil(options.rows / perDay))
  say(`history: filling ${days} days of ${sockets} sockets`)
  return await withStarted(async (started) => {
    const processes = await stoppedBy(started, startApiProcesses({ postgresSettings: POSTGRES }))
    const pool = started.adopt(new pg.Pool({ connectionString: processes.postgres.url, max: 2 }), (all) => all.end())
    // A Postgres that ends is told by the query that needs it.
    pool.on('error', () => {})
    const end = Math.floor(Date.now() / DAY) * DAY
    const start = new Date(end - days * DAY)
    // Half past noon in the middle.
    const movedAt = new Date(start.getTime() + Math.floor(days / 2) * DAY + 12.5 * HOUR)
    const filled = { start, days, sockets, pdus: PDUS, steadyPdus: STEADY_PDUS, movedAt, interval: INTERVAL }
    await fillEstate(pool, filled)
    await fillHistory(pool, filled, (line) => say(`history: ${line}`))
    const tables = await tableSizes(pool)
    const questions = await measureQuestions(processes, historyQuestions(filled, requests), (line) =>
      say(`history: ${line}`),
    )
    return {
      postgres: POSTGRES,
      days,
      sockets,
      intervalSeconds: INTERVAL,
      tables,
      requests,
      questions,
      // Last: it starts config-api anew.
      export: await measureExport(processes, filled),
    }
  })
}

async function tableSizes(pool: pg.Pool): Promise<Record<string, TableSize>> {
  const tables = ['device_data_logs', 'telemetry_rollups_1m', 'telemetry_rollups_1h', 'telemetry_rollups_1d']
  const sizes: Record<string, TableSize> = {}
  for (const table of tables) {
    const { rows } = await pool.query<{ rows: number; bytes: number }>(
      `select sum(reltuples)::float8 as rows, sum(pg_total_relation_size(relid))::float8 as bytes
       from pg_partition_tree($1) join pg_class on oid = relid where isleaf`,
      [table],
    )
    const { rows: plain } = await pool.query<{ rows: number; bytes: number }>(
      'select reltuples::float8 as rows, pg_total_relation_size(oid)::float8 as bytes from pg_class where relname = $1',
      [table],
    )
    const found = rows[0]?.rows ? rows[0] : plain[0]
    sizes[table] = { rows: found?.rows ?? 0, gib: Math.round((found?.bytes ?? 0) / 1024 ** 2 / 10.24) / 100 }
  }
  return sizes
}
