import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { describeMachine, programVersions, sourceCommit } from '../report/describe-machine.ts'
import { startApiProcesses } from './api-processes.ts'
import { fillHistory } from './fill-history.ts'
import { fillEstate, SOCKETS_PER_PDU } from './history-estate.ts'
import { historyQuestions, measureExport, measureQuestions } from './measure-history.ts'

/**
 * History over HTTP on a large database: `node history.main.ts [--rows 20000000] [--requests 200] [--output FILE]`. A
 * reading each 10 s from 75 sockets (3 PDUs), hours and days of 5,000 sockets, current state of 5,000 devices. Prints JSON.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000000' },
    requests: { type: 'string', default: '200' },
    output: { type: 'string' },
  },
})
const INTERVAL = 10
const PDUS_WITH_READINGS = 3
const PDUS = 200
const DAY = 86_400_000
const sockets = PDUS_WITH_READINGS * SOCKETS_PER_PDU
const perDay = (sockets * DAY) / 1_000 / INTERVAL
const days = Math.max(2, Math.ceil(Number(values.rows) / perDay))
const requests = Number(values.requests)
/** A quarter of a 16 GB machine's memory would be 4 GB; this is less than a third of what is filled. */
const POSTGRES = { shared_buffers: '2GB', max_wal_size: '8GB', checkpoint_timeout: '15min', work_mem: '16MB' }

const startedAt = performance.now()
const say = (line: string) =>
  console.error(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${line}`)

const processes = await startApiProcesses({ postgresSettings: POSTGRES })
const pool = new pg.Pool({ connectionString: processes.postgres.url, max: 2 })
try {
  const end = Math.floor(Date.now() / DAY) * DAY
  const start = new Date(end - days * DAY)
  const filled = { start, days, sockets, pdus: PDUS, interval: INTERVAL }
  await fillEstate(pool, PDUS, start)
  await fillHistory(pool, { ...filled, rolledUpSockets: PDUS * SOCKETS_PER_PDU }, say)
  const filledIn = Math.round((performance.now() - startedAt) / 1_000)
  const sizes = await tableSizes()
  say(`filled: ${JSON.stringify(sizes)}`)
  const access = { url: processes.url, key: processes.key, pid: processes.api.pid }
  const results = await measureQuestions(access, historyQuestions(filled, requests), say)
  const report = {
    date: new Date().toISOString(),
    commit: await sourceCommit(),
    machine: describeMachine(),
    versions: await programVersions(),
    postgres: POSTGRES,
    filled: { days, sockets, interval_seconds: INTERVAL, seconds: filledIn, tables: sizes },
    milliseconds: results,
    export: await measureExport(access, filled),
  }
  const text = `${JSON.stringify(report, null, 2)}\n`
  if (values.output) {
    mkdirSync(dirname(values.output), { recursive: true })
    writeFileSync(values.output, text)
  }
  process.stdout.write(text)
} finally {
  await pool.end()
  await processes.stop()
}

async function tableSizes(): Promise<Record<string, { rows: number; gib: number }>> {
  const tables = ['device_data_logs', 'telemetry_rollups_1m', 'telemetry_rollups_1h', 'telemetry_rollups_1d']
  const sizes: Record<string, { rows: number; gib: number }> = {}
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
