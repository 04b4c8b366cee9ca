import { type Measurements, NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type pg from 'pg'
import { v7 as newId } from 'uuid'

/** A reading as the writer stores it. */
export interface StoredReading {
  readonly id: string
  readonly socketId: string
  readonly deviceId: string | null
  readonly measuredAt: Date
  /** When it was received; default: when it was measured. */
  readonly receivedAt: Date
  readonly measurements: Measurements
}

export function storedReading(
  fields: Omit<StoredReading, 'id' | 'receivedAt' | 'measurements'> & Partial<StoredReading>,
): StoredReading {
  return { id: newId(), receivedAt: fields.measuredAt, measurements: {}, ...fields }
}

const COLUMNS = [...NUMERIC_MEASUREMENTS, 'relay_on'] as const

/** Stores readings as they are, making the partitions of their days. */
export async function storeReadings(pool: pg.Pool, readings: readonly StoredReading[]): Promise<void> {
  const days = new Set(readings.map(({ receivedAt }) => receivedAt.toISOString().slice(0, 10)))
  for (const day of days) {
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
    await partition(pool, 'device_data_logs', day, day, next)
  }
  const values = readings.map(({ id, socketId, deviceId, measuredAt, receivedAt, measurements }) => ({
    id,
    socket_id: socketId,
    device_id: deviceId,
    measured_at: measuredAt,
    timestamp: receivedAt,
    data_json: measurements,
    ...measurements,
  }))
  await pool.query(
    `insert into device_data_logs (id, socket_id, device_id, measured_at, timestamp, data_json, ${COLUMNS.join(', ')},
       measured_at_source, decoder, qos)
     select id, socket_id, device_id, measured_at, timestamp, data_json, ${COLUMNS.join(', ')}, 'device', 'flat-json@1', 1
     from json_populate_recordset(null::device_data_logs, $1)`,
    [JSON.stringify(values)],
  )
}

const ROLLUPS = { '1m': 'minute', '1h': 'hour', '1d': 'day' } as const

/** Rolls up everything that was measured from `since` to before `until`, as the writer does (tested there). */
export async function rollUp(pool: pg.Pool, until: Date, since = new Date(0)): Promise<void> {
  const { rows: years } = await pool.query<{ year: number }>(
    `select distinct extract(year from measured_at at time zone 'UTC')::int as year from device_data_logs`,
  )
  for (const { year } of years) {
    for (const table of ['telemetry_rollups_1m', 'telemetry_rollups_1h']) {
      await partition(pool, table, String(year), `${year}-01-01`, `${year + 1}-01-01`)
    }
  }
  const each = (expression: (name: string) => string) => NUMERIC_MEASUREMENTS.map(expression).join(', ')
  const last = (name: string, order = 'desc') =>
    `(array_agg(${name} order by measured_at ${order}, id ${order}) filter (where ${name} is not null))[1]`
  for (const [suffix, unit] of Object.entries(ROLLUPS)) {
    await pool.query(`delete from telemetry_rollups_${suffix}`)
    await pool.query(
      `insert into telemetry_rollups_${suffix} (bucket, socket_id, device_id, readings, first_at, last_at,
         ${each((name) => `${name}_count, ${name}_min, ${name}_max, ${name}_sum, ${name}_last`)},
         energy_first, energy_delta, energy_handover, relay_on_count, relay_on_true, relay_on_last)
       select bucket, socket_id, device_id, count(*), min(measured_at), max(measured_at),
         ${each((name) => `count(${name}), min(${name}), max(${name}), sum(${name}), ${last(name)}`)},
         ${last('energy', 'asc')}, case when count(energy) > 0 then coalesce(sum(step) filter (where alone), 0) end,
         sum(step) filter (where not alone), count(relay_on), count(*) filter (where relay_on), ${last('relay_on')}
       from (
         select *, lag(device_id) over w is not distinct from device_id as alone,
           case when energy < lag(energy) over w then energy else energy - lag(energy) over w end as step
         from (select *, date_bin('1 ${unit}', measured_at, 'epoch') as bucket from device_data_logs) r
         where measured_at < $1 and measured_at >= $2
         window w as (partition by socket_id, bucket, energy is null order by measured_at, id)
       ) s group by bucket, socket_id, device_id`,
      [until, since],
    )
  }
}

async function partition(pool: pg.Pool, table: string, name: string, from: string, to: string): Promise<void> {
  await pool.query(
    `create table if not exists ${table}_${name.replaceAll('-', '_')} partition of ${table}
     for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`,
  )
}
