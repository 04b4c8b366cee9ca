import { sql } from 'kysely'
import { liveMinutes } from './live-minutes.ts'
import type { Columns } from './rollup-columns.ts'
import type { RollupResolution } from './step.ts'

const HOUR = 3_600_000
/** Milliseconds of a bucket. */
export const LENGTH = { '1m': 60_000, '1h': HOUR, '1d': 24 * HOUR } as const

/** Which rollup rows an answer is made from. */
export interface RowsQuestion {
  readonly resolution: RollupResolution
  readonly sockets: readonly string[]
  /** Null: of every device, and of none. */
  readonly deviceId: string | null
  readonly columns: Columns
  /** Adds `consumed`: kWh within the row and since the row before. */
  readonly consumption: boolean
  readonly from: Date
  readonly to: Date
  /** Where periods begin within an hour; only with hours. */
  readonly splitHours: readonly Date[]
  readonly now: Date
}

/**
 * Rows of [from, to): `bucket`, `socket_id`, `device_id`, `first_at`, `last_at`, `readings`, the columns, and `consumed`.
 */
export function rollupRows(question: RowsQuestion) {
  const { consumption, deviceId, from } = question
  const device = deviceId === null ? sql`` : sql`and device_id = ${deviceId}`
  if (!consumption) return sql`select * from (${sourceRows(question)}) source where bucket >= ${from} ${device}`
  // Joins between rows need the rows of other devices too: what those have consumed in between is not this one's.
  return sql`select * from (${withConsumption(question)}) counted where bucket >= ${from} ${device}`
}

/** Rollup rows of the range and, for consumption, one row before it for each socket. */
function sourceRows({ resolution, sockets, columns, consumption, from, to, splitHours, now }: RowsQuestion) {
  const table = sql.table(`telemetry_rollups_${resolution}`)
  const names = sql.join([...ALWAYS, ...columns].map((name) => sql.ref(`r.${name}`)))
  const start = new Date(Math.floor(from.getTime() / LENGTH[resolution]) * LENGTH[resolution])
  const whole = splitHours.length === 0 ? sql`` : sql`and r.bucket <> all(${isoTimes(splitHours)}::timestamptz[])`
  const parts = [
    sql`select ${names} from ${table} r
      where r.socket_id = any(${sockets}::uuid[]) and r.bucket >= ${start} and r.bucket < ${to} ${whole}`,
  ]
  if (splitHours.length > 0) {
    parts.push(sql`select ${names} from unnest(${isoTimes(splitHours)}::timestamptz[]) as split(hour)
      join telemetry_rollups_1m r on r.socket_id = any(${sockets}::uuid[])
        and r.bucket >= split.hour and r.bucket < split.hour + interval '1 hour' and r.bucket < ${to}`)
  }
  if (consumption) {
    parts.push(sql`select before.* from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
        select ${names} from ${table} r where r.socket_id = s.id and r.bucket < ${start} and r.energy_count > 0
        order by r.bucket desc, r.first_at desc limit 1
      ) before`)
  }
  // The row before may be a minute that is not rolled up yet, too.
  const live = liveMinutes(sockets, columns, consumption ? new Date(0) : from, to, now)
  if (live) parts.push(sql`select ${names} from (${live}) r`)
  return sql.join(parts, sql` union all `)
}

/**
 * `consumed` is what the counter went up within the row and since the reading before it, whichever row of the socket that
 * is in; a counter that is lower than before was reset, and its new value counts. Where rows overlap in time (a device that
 * was taken off and put back within an hour, late readings), or another device was there last, only what is inside counts.
 */
function withConsumption(question: RowsQuestion) {
  const { deviceId } = question
  const own = sql`max(case when device_id = ${deviceId} then last_at end) over before`
  const foreign = deviceId === null ? sql`false` : sql`(${own} is null or ${own} < max(last_at) over before)`
  return sql`
    select counted.*, energy_delta + case
        when latest is null or within_another or of_another then 0
        when energy_first >= latest[2] then energy_first - latest[2]
        else energy_first
      end as consumed
    from (
      select source.*, max(last_at) over before > first_at as within_another,
        ${foreign} as of_another,
        max(array[extract(epoch from last_at)::float8, energy_last]) over before as latest
      from (${sourceRows(question)}) source
      window before as (partition by socket_id, energy_count > 0 order by first_at
        rows between unbounded preceding and 1 preceding)
    ) counted`
}

const ALWAYS = ['bucket', 'socket_id', 'device_id', 'first_at', 'last_at', 'readings']

function isoTimes(times: readonly Date[]): string[] {
  return times.map((time) => time.toISOString())
}
