import { LARGEST_MEASUREMENT, type MeasurementName } from '@iomt/contracts/measurements'
import { sql } from 'kysely'
import { CLOCK_AHEAD } from './instant.ts'
import type { Columns } from './rollup-columns.ts'

/** Milliseconds back from now in which minutes may not be rolled up yet. */
const OPEN = 600_000
const MINUTE = 60_000

/** Start of the first minute that may not be rolled up yet; milliseconds since 1970. */
export function liveSince(now: Date): number {
  return Math.floor((now.getTime() - OPEN) / MINUTE) * MINUTE
}

/**
 * Rows like those of the minute rollup, computed from the readings, for the last minutes that have none yet: the current
 * one, and those that the writer has not come to. A minute is in the hour and the day as soon as it has a row of its own
 * (one transaction), so these rows stand beside rollups of any length without counting twice. Null when the range ended
 * before.
 */
export function liveMinutes(sockets: readonly string[], columns: Columns, from: Date, to: Date, now: Date) {
  const since = new Date(Math.max(from.getTime(), liveSince(now)))
  if (since >= to) return null
  const names = [...columns].map((column) => sql`, ${expressionOf(column)} as ${sql.ref(column)}`)
  const steps = columns.has('energy_delta')
  const step = steps
    ? sql`, lag(l.device_id) over w is not distinct from l.device_id as alone,
        case when l.energy < lag(l.energy) over w then l.energy else l.energy - lag(l.energy) over w end as energy_step`
    : sql``
  const window = steps
    ? sql`window w as (partition by l.socket_id, l.minute, l.energy is null order by l.measured_at, l.id)`
    : sql``
  const values = measurementsOf(columns).map(plausible)
  return sql`
    select t.minute as bucket, t.socket_id, t.device_id, min(t.measured_at) as first_at, max(t.measured_at) as last_at,
      count(*)::int as readings${sql.join(names, sql``)}
    from (
      select l.*${step} from (
        select l.id, l.socket_id, l.device_id, l.measured_at, date_bin('1 minute', l.measured_at, 'epoch') as minute${sql.join(values, sql``)}
        from device_data_logs l
        where l.socket_id = any(${sockets}::uuid[]) and l.measured_at >= ${since} and l.measured_at < ${to}
          and l.timestamp >= ${new Date(since.getTime() - CLOCK_AHEAD)}
          and not (l.retained and l.measured_at_source = 'received')
          and not exists (
            select from telemetry_rollups_1m m
            where m.socket_id = l.socket_id and m.bucket = date_bin('1 minute', l.measured_at, 'epoch')
          )
      ) l
      ${window}
    ) t
    group by t.minute, t.socket_id, t.device_id`
}

/** Those that the columns are made of. */
function measurementsOf(columns: Columns): MeasurementName[] {
  return [...new Set([...columns].map((column) => column.slice(0, column.lastIndexOf('_')) as MeasurementName))]
}

/** As the writer's rollups have it: sums of more would overflow, and one device would fail the question about a whole ward. */
function plausible(name: MeasurementName) {
  if (name === 'relay_on') return sql`, l.relay_on`
  const column = sql.ref(`l.${name}`)
  const largest = sql.lit(LARGEST_MEASUREMENT)
  return sql`, case when ${column} between -${largest} and ${largest} then ${column} end as ${sql.ref(name)}`
}

/** A column of the minute rollup over the readings `t` of one minute. */
function expressionOf(column: string) {
  const place = column.lastIndexOf('_')
  const value = sql.ref(`t.${column.slice(0, place)}`)
  switch (column.slice(place + 1)) {
    case 'count':
      return sql`count(${value})::int`
    case 'true':
      return sql`(count(*) filter (where ${value}))::int`
    case 'first':
      return sql`(array_agg(${value} order by t.measured_at, t.id) filter (where ${value} is not null))[1]`
    case 'last':
      return sql`(array_agg(${value} order by t.measured_at desc, t.id desc) filter (where ${value} is not null))[1]`
    case 'delta':
      return sql`case when count(t.energy) > 0 then coalesce(sum(t.energy_step) filter (where t.alone), 0) end`
    case 'handover':
      return sql`sum(t.energy_step) filter (where not t.alone)`
    default:
      return sql`${sql.raw(column.slice(place + 1))}(${value})`
  }
}
