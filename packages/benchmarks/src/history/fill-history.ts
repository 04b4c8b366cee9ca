import { NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type pg from 'pg'
import { type HistoryEstate, idOf, staysOf } from './history-estate.ts'

/** All sockets have hours and days. */
export interface FilledHistory extends HistoryEstate {
  readonly days: number
  /** Sockets with raw readings and minutes; all of them in steady PDUs. */
  readonly sockets: number
  /** Seconds between two readings of a socket. */
  readonly interval: number
}

/**
 * Fills history set by set on the server: readings in the order in which they would have arrived (all sockets of a moment
 * together, so that those of one socket are far apart), then the rollups. Values wander through a day as a device's do;
 * rollups of sockets without readings are made up, and only there so that the tables are as large as they would be.
 */
export async function fillHistory(pool: pg.Pool, options: FilledHistory, say: (line: string) => void): Promise<void> {
  for (let day = 0; day < options.days; day += 1) {
    const from = new Date(options.start.getTime() + day * 86_400_000)
    await fillDay(pool, from, options)
    await rollUpMinutes(pool, from, options)
    if (day % 5 === 4 || day === options.days - 1) say(`${day + 1} of ${options.days} days of readings and minutes`)
  }
  const end = new Date(options.start.getTime() + options.days * 86_400_000)
  await partitionsOf(pool, 'telemetry_rollups_1h', options.start, end, 'year')
  for (const table of ['telemetry_rollups_1h', 'telemetry_rollups_1d'] as const) {
    await rollUpFromMinutes(pool, table, options.start, end)
    await inventRollups(pool, table, options)
    say(`${table} is filled`)
  }
  await pool.query('vacuum (analyze)')
  // What was filled is written to disk now, not while the first questions are asked.
  await pool.query('checkpoint')
}

const COLUMNS = `timestamp, id, measured_at, device_id, socket_id, data_json, voltage, current, active_power, power_factor,
  energy, relay_on, measured_at_source, decoder, qos`

async function fillDay(pool: pg.Pool, day: Date, { sockets, interval, start }: FilledHistory): Promise<void> {
  await partition(pool, 'device_data_logs', day, 1)
  await pool.query(
    `insert into device_data_logs (${COLUMNS})
     select at, gen_random_uuid(), at, ${idOf(4, 'n')}, ${idOf(3, 'n')},
       jsonb_build_object('voltage', v, 'current', round((p / v)::numeric, 3), 'power', p, 'pf', 0.97, 'energy', e,
         'ts', extract(epoch from at)::bigint),
       v, round((p / v)::numeric, 3), p, 0.97, e, true, 'device', 'flat-json@1', 1
     from (
       select at, n, round((229 + sin(extract(epoch from at) / 9000 + n) * 3)::numeric, 1)::float8 as v,
         round((60 + sin(extract(epoch from at) / 4000 + n) * 40)::numeric, 1)::float8 as p,
         round((extract(epoch from at - $4::timestamptz) / 3600 * 0.06)::numeric, 4)::float8 as e
       from generate_series($1::timestamptz, $1::timestamptz + interval '1 day' - interval '1 second',
         $2::int * interval '1 second') at, generate_series(0, $3::int - 1) n
       order by at
     ) s`,
    [day, interval, sockets, start],
  )
}

const each = (expression: (name: string) => string) => NUMERIC_MEASUREMENTS.map(expression).join(', ')
const ROLLUP_COLUMNS = `bucket, socket_id, device_id, readings, first_at, last_at,
  ${each((name) => `${name}_count, ${name}_min, ${name}_max, ${name}_sum, ${name}_last`)},
  energy_first, energy_delta, relay_on_count, relay_on_true, relay_on_last`

/** No reading here is late, partial or after a reset, so that extremes and ends are all there is to a bucket. */
async function rollUpMinutes(pool: pg.Pool, day: Date, { sockets }: FilledHistory): Promise<void> {
  await partition(pool, 'telemetry_rollups_1m', day, 1)
  const last = (name: string) => `(array_agg(${name} order by measured_at desc))[1]`
  await pool.query(
    `insert into telemetry_rollups_1m (${ROLLUP_COLUMNS})
     select date_bin('1 minute', measured_at, 'epoch') as bucket, socket_id, device_id, count(*), min(measured_at),
       max(measured_at), ${each((name) => `count(${name}), min(${name}), max(${name}), sum(${name}), ${last(name)}`)},
       min(energy), max(energy) - min(energy), count(relay_on), count(*) filter (where relay_on), bool_or(relay_on)
     from device_data_logs where timestamp >= $1 and timestamp < $1::timestamptz + interval '1 day'
     group by 1, 2, 3 order by 1, 2 limit $2`,
    [day, sockets * 1_440],
  )
}

async function rollUpFromMinutes(pool: pg.Pool, table: string, from: Date, to: Date): Promise<void> {
  const unit = table.endsWith('1h') ? 'hour' : 'day'
  await pool.query(
    `insert into ${table} (${ROLLUP_COLUMNS})
     select date_bin('1 ${unit}', bucket, 'epoch'), socket_id, device_id, sum(readings), min(first_at), max(last_at),
       ${each((name) => `sum(${name}_count), min(${name}_min), max(${name}_max), sum(${name}_sum), max(${name}_last)`)},
       min(energy_first), max(energy_last) - min(energy_first), sum(relay_on_count), sum(relay_on_true), bool_or(relay_on_last)
     from telemetry_rollups_1m where bucket >= $1 and bucket < $2 group by 1, 2, 3 order by 1, 2`,
    [from, to],
  )
}

async function inventRollups(pool: pg.Pool, table: string, options: FilledHistory): Promise<void> {
  const unit = table.endsWith('1h') ? 'hour' : 'day'
  const readings = (unit === 'hour' ? 3_600 : 86_400) / options.interval
  const known = new Set(['voltage', 'current', 'active_power', 'power_factor', 'energy'])
  const columns = (name: string) =>
    known.has(name) ? `${readings}, 1, 2, ${readings} * 1.5, 1.7` : '0, null, null, null, null'
  await pool.query(
    `insert into ${table} (${ROLLUP_COLUMNS})
     select at, ${idOf(3, 'n')}, ${idOf(4, 'device')}, ${readings}, greatest(at, since),
       least(at + interval '1 ${unit}', until) - interval '10 seconds',
       ${each(columns)}, 1, 0.06, ${readings}, ${readings}, true
     from generate_series($1::timestamptz, $1::timestamptz + $2::int * interval '1 day' - interval '1 second',
       interval '1 ${unit}') at, ${staysOf(options)}
     where n >= $3::int and since < at + interval '1 ${unit}' and (until is null or until > at)
     order by at`,
    [options.start, options.days, options.sockets],
  )
}

async function partitionsOf(pool: pg.Pool, table: string, from: Date, to: Date, unit: 'year'): Promise<void> {
  for (let year = from.getUTCFullYear(); year <= to.getUTCFullYear(); year += 1) {
    await createPartition(pool, table, `${unit}_${year}`, new Date(Date.UTC(year, 0)), new Date(Date.UTC(year + 1, 0)))
  }
}

async function partition(pool: pg.Pool, table: string, day: Date, days: number): Promise<void> {
  const name = day.toISOString().slice(0, 10).replaceAll('-', '_')
  await createPartition(pool, table, name, day, new Date(day.getTime() + days * 86_400_000))
}

async function createPartition(pool: pg.Pool, table: string, name: string, from: Date, to: Date): Promise<void> {
  await pool.query(
    `create table if not exists ${table}_${name} partition of ${table}
     for values from ('${from.toISOString()}') to ('${to.toISOString()}')`,
  )
}
