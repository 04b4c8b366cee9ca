import type pg from 'pg'
import { SEQUENCE_OF_ENERGY } from '../load/reading-template.ts'
import type { Latency } from '../measure/percentiles.ts'
import type { Estate } from './estate.ts'

/** Sockets asked for the newest row; more of them tell more precisely how far the whole estate is. */
const SAMPLED_PDUS = 8

/** Where in the load's fixed order of publishing a socket's reading stands. */
interface SampledSocket {
  readonly id: string
  /** Messages published before this socket's first burst, and with it. */
  readonly position: number
}

/** How far the rows are, counted from the start of the load. */
export interface Committed {
  /** Messages. Connections overtake each other: the mean of the sampled ones is about the number of rows. */
  readonly messages: number
  /** Readings that every sampled socket has. */
  readonly rounds: number
}

/**
 * Messages that are rows, told from the newest row of some sockets: the load publishes bursts in turn, so a socket's
 * number tells how many messages went before. Costs Postgres a millisecond and no scan.
 */
export function createCommittedGauge(pool: pg.Pool, estate: Estate): () => Promise<Committed> {
  const samples = sampleSockets(estate)
  const sockets = estate.reduce((total, pdu) => total + pdu.length, 0)
  const ids = samples.map(({ id }) => id)
  return async () => {
    const { rows } = await pool.query<{ sequence: string | null }>(
      `select newest.sequence
         from unnest($1::uuid[]) with ordinality as sample(id, position)
         left join lateral (
           select ${SEQUENCE_OF_ENERGY} as sequence from device_data_logs
           where socket_id = sample.id and timestamp > now() - interval '30 minutes'
           order by measured_at desc limit 1) newest on true
         order by sample.position`,
      [ids],
    )
    const sequences = rows.map(({ sequence }) => (sequence === null ? -1 : Number(sequence)))
    const messages = sequences.map((sequence, index) =>
      sequence < 0 ? 0 : sequence * sockets + (samples[index]?.position ?? 0),
    )
    const mean = messages.reduce((total, ofSample) => total + ofSample, 0) / messages.length
    return {
      // On average a socket's newest reading is half a round of all sockets old.
      messages: mean === 0 ? 0 : mean + sockets / 2,
      rounds: Math.min(...sequences) + 1,
    }
  }
}

function sampleSockets(estate: Estate): SampledSocket[] {
  const step = Math.max(1, Math.floor(estate.length / SAMPLED_PDUS))
  const samples: SampledSocket[] = []
  let position = 0
  for (const [index, pdu] of estate.entries()) {
    position += pdu.length
    if (index % step === 0) samples.push({ id: pdu[0]?.socketId ?? '', position })
  }
  return samples
}

/** Readings of one run: those with numbers from `first[pdu]` to below `end[pdu]`, stored since `since`. */
export interface RunReadings {
  readonly since: Date
  readonly first: readonly number[]
  readonly end: readonly number[]
}

export interface LedgerCount {
  readonly expected: number
  readonly rows: number
  /** Acknowledged to the publisher, no row. */
  readonly lost: number
  /** Rows beyond the first of a reading. */
  readonly duplicated: number
}

/** Every reading of a run against the rows, by socket and number. */
export async function countReadings(pool: pg.Pool, estate: Estate, run: RunReadings): Promise<LedgerCount> {
  const { rows } = await pool.query<{ socket_id: string; sequence: string; copies: number }>(
    `with stored as materialized (
       select socket_id, ${SEQUENCE_OF_ENERGY} as sequence, count(*) as copies from device_data_logs
       where timestamp >= $1 group by 1, 2)
     select stored.socket_id, sum(copies)::float8 as copies, count(*) as sequence from stored
       join unnest($2::uuid[], $3::bigint[], $4::bigint[]) as expected(socket_id, first, "end")
         on stored.socket_id = expected.socket_id and sequence >= expected.first and sequence < expected."end"
       group by 1`,
    [run.since, ...expectedColumns(estate, run)],
  )
  const expected = estate.reduce(
    (total, pdu, index) => total + pdu.length * ((run.end[index] ?? 0) - (run.first[index] ?? 0)),
    0,
  )
  const distinct = rows.reduce((total, row) => total + Number(row.sequence), 0)
  const stored = rows.reduce((total, row) => total + row.copies, 0)
  return { expected, rows: stored, lost: expected - distinct, duplicated: stored - distinct }
}

function expectedColumns(estate: Estate, run: RunReadings): [string[], number[], number[]] {
  const sockets = estate.flatMap((pdu, index) => pdu.map(({ socketId }) => ({ socketId, index })))
  return [
    sockets.map(({ socketId }) => socketId),
    sockets.map(({ index }) => run.first[index] ?? 0),
    sockets.map(({ index }) => run.end[index] ?? 0),
  ]
}

/** Rows committed from one moment to another. */
export async function committedBetween(pool: pg.Pool, since: Date, from: Date, to: Date): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    `select count(*) from device_data_logs
     where timestamp >= $1 and pg_xact_commit_timestamp(xmin) >= $2 and pg_xact_commit_timestamp(xmin) < $3`,
    [since, from, to],
  )
  return Number(rows[0]?.count ?? 0)
}

/**
 * From the publisher's clock (at a fixed pace, from when the message was due) to the commit of the row, in milliseconds, of
 * readings published from one moment to another.
 * The commit's time is taken just before its WAL is flushed: {@link walFlushes} tells how long that takes.
 */
export async function rowLatency(pool: pg.Pool, from: Date, to: Date): Promise<Latency> {
  const { rows } = await pool.query<Record<'samples' | 'p50' | 'p95' | 'p99' | 'max', number | null>>(
    `with latency as (
       select extract(epoch from pg_xact_commit_timestamp(xmin) - (data_json->>'timestamp')::timestamptz)::float8 * 1000 as ms
       from device_data_logs
       where timestamp >= $1 and measured_at >= $1 and measured_at < $2
     )
     select count(*)::float8 as samples,
       percentile_disc(0.5) within group (order by ms) as p50, percentile_disc(0.95) within group (order by ms) as p95,
       percentile_disc(0.99) within group (order by ms) as p99, max(ms) as max from latency`,
    [from, to],
  )
  const number = (value: number | null | undefined) => value ?? Number.NaN
  const row = rows[0]
  return {
    samples: number(row?.samples),
    p50: number(row?.p50),
    p95: number(row?.p95),
    p99: number(row?.p99),
    max: number(row?.max),
  }
}

/** Flushes of the WAL so far and their time in milliseconds (Postgres 18's `pg_stat_io`). */
export async function walFlushes(pool: pg.Pool): Promise<{ count: number; time: number }> {
  const { rows } = await pool.query<{ count: number; time: number }>(
    `select coalesce(sum(fsyncs), 0)::float8 as count, coalesce(sum(fsync_time), 0)::float8 as time
     from pg_stat_io where object = 'wal'`,
  )
  return rows[0] ?? { count: 0, time: 0 }
}
