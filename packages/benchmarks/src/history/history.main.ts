import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { usagesOf } from '../measure/process-usage.ts'
import { describeMachine, programVersions, sourceCommit } from '../report/describe-machine.ts'
import { startApiProcesses } from './api-processes.ts'
import { fillHistory } from './fill-history.ts'
import { departmentId, deviceId, fillEstate, pduId, SOCKETS_PER_PDU } from './history-estate.ts'
import { type EndpointResult, measureEndpoint, type Question } from './measure-endpoint.ts'

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
  await fillEstate(pool, PDUS, start)
  await fillHistory(pool, { start, days, sockets, rolledUpSockets: PDUS * SOCKETS_PER_PDU, interval: INTERVAL }, say)
  const filledIn = Math.round((performance.now() - startedAt) / 1_000)
  const sizes = await tableSizes()
  say(`filled: ${JSON.stringify(sizes)}`)
  const results: Record<string, EndpointResult> = {}
  for (const [name, question] of Object.entries(questions(start))) {
    results[name] = await measureEndpoint(processes.url, processes.key, question)
    say(`${name}: ${JSON.stringify(results[name])}`)
  }
  const report = {
    date: new Date().toISOString(),
    commit: await sourceCommit(),
    machine: describeMachine(),
    versions: await programVersions(),
    postgres: POSTGRES,
    filled: { days, sockets, interval_seconds: INTERVAL, seconds: filledIn, tables: sizes },
    milliseconds: results,
    export: await measureExport(start),
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

function questions(start: Date): Record<string, Question> {
  const iso = (day: number) => new Date(start.getTime() + day * DAY).toISOString()
  const device = (request: number) => deviceId((request * 7) % sockets)
  const someDay = (request: number) => `from=${iso(request % days)}&to=${iso((request % days) + 1)}`
  const month = `from=${iso(Math.max(0, days - 31))}&to=${iso(days)}`
  const one = (path: Question['path'], count = requests): Question => ({ path, requests: count })
  return {
    'device, one day raw, all 8,640 readings': one(
      (n) => `/mqtt/devices/${device(n)}/telemetry?step=raw&limit=10000&${someDay(n)}`,
    ),
    'device, one day raw, a page of 2,000': one((n) => `/mqtt/devices/${device(n)}/telemetry?step=raw&${someDay(n)}`),
    'device, newest 50 readings': one((n) => `/mqtt/devices/${device(n)}/telemetry`),
    'device, one day, minutes chosen': one((n) => `/mqtt/devices/${device(n)}/telemetry?${someDay(n)}`),
    'device, one month, hours chosen': one((n) => `/mqtt/devices/${device(n)}/telemetry?${month}`),
    'PDU of 25 sockets, one month hourly': one((n) => `/pdus/${pduId(n % PDUS)}/telemetry?step=1h&${month}`),
    'PDU, one month hourly, power only': one(
      (n) => `/pdus/${pduId(n % PDUS)}/telemetry?step=1h&measurements=active_power&${month}`,
    ),
    'PDU, one month of energy by day': one((n) => `/pdus/${pduId(n % PDUS)}/energy?period=day&${month}`),
    'department of 250 sockets, one month daily': one(
      (n) => `/departments/${departmentId(n % 20)}/telemetry?step=1d&${month}`,
    ),
    'current state of 5,000 devices': one(() => '/mqtt/states?limit=5000'),
  }
}

/** One device's whole history as CSV, and what the service holds meanwhile. */
async function measureExport(start: Date) {
  const { pid } = processes.api
  const before = usagesOf([pid])[0]
  const began = performance.now()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, usagesOf([pid])[0]?.memory ?? 0)
  }, 100)
  const path = `/mqtt/devices/${deviceId(3)}/telemetry?step=raw&format=csv&from=${start.toISOString()}`
  const result = await measureEndpoint(processes.url, processes.key, { path: () => path, requests: 1 })
  clearInterval(watch)
  const seconds = (performance.now() - began) / 1_000 / 6
  const rows = (days * DAY) / 1_000 / INTERVAL
  return {
    rows,
    bytes: result.bytes,
    rows_per_second: Math.round(rows / seconds),
    memory_before_mib: Math.round((before?.memory ?? 0) / 1024 ** 2),
    memory_most_mib: Math.round(most / 1024 ** 2),
  }
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
