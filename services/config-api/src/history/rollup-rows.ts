import { type RawBuilder, sql } from 'kysely'
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
  readonly from: Date
  readonly to: Date
  /** Where periods begin within an hour, which minutes stand for then; only with hours. */
  readonly splitHours: readonly Date[]
  readonly now: Date
}

/** Rows of [from, to): `bucket`, `socket_id`, `device_id`, `first_at`, `last_at`, `readings` and the columns. */
export function rollupRows(question: RowsQuestion, columns: Columns): RawBuilder<unknown> {
  const { deviceId, from } = question
  const device = deviceId === null ? sql`` : sql`and r.device_id = ${deviceId}`
  return unionAll(question, columns, from, sql`and r.bucket >= ${from} ${device}`, [])
}

const COUNTER = new Set(['energy_count', 'energy_first', 'energy_last', 'energy_delta'])

/**
 * Rows of [from, to) in which the counter was read, of each socket: `bucket`, `socket_id`, `first_at`, `last_at` and
 * `consumed`, what the counter went up within the row and since the reading before it, whichever row of the socket that is
 * in. A counter that is lower than before was reset, and its new value counts. Where rows overlap in time (a device that
 * was taken off and put back within an hour, late readings), or another device was there last, only what is inside counts.
 */
export function consumedRows(question: RowsQuestion): RawBuilder<unknown> {
  const { resolution, sockets, deviceId, from } = question
  // Rows of other devices are looked at too: what those have consumed in between is not this one's.
  const start = new Date(Math.floor(from.getTime() / LENGTH[resolution]) * LENGTH[resolution])
  const before = sql`select before.* from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
      select ${namesOf(COUNTER)} from ${tableOf(resolution)} r
      where r.socket_id = s.id and r.bucket < ${start} and r.energy_count > 0
      order by r.bucket desc, r.first_at desc limit 1
    ) before`
  const rows = unionAll(question, COUNTER, new Date(0), sql`and r.bucket >= ${start} and r.energy_count > 0`, [before])
  const own = sql`max(case when device_id = ${deviceId} then last_at end) over before`
  const foreign = deviceId === null ? sql`false` : sql`(${own} is null or ${own} < max(last_at) over before)`
  const device = deviceId === null ? sql`` : sql`and device_id = ${deviceId}`
  return sql`
    select bucket, socket_id, first_at, last_at, energy_delta + case
        when latest is null or within_another or of_another then 0
        when energy_first >= latest[2] then energy_first - latest[2]
        else energy_first
      end as consumed
    from (
      select bucket, socket_id, device_id, first_at, last_at, energy_first, energy_delta,
        max(last_at) over before > first_at as within_another, ${foreign} as of_another,
        max(array[date_part('epoch', last_at), energy_last]) over before as latest
      from (${rows}) source
      window before as (partition by socket_id order by bucket, first_at rows between unbounded preceding and 1 preceding)
    ) counted
    where bucket >= ${from} ${device}`
}

/** Rows of the rollup, of minutes where hours are split, and of the last minutes, which have no rollup yet. */
function unionAll(
  { resolution, sockets, to, splitHours, now }: RowsQuestion,
  columns: Columns,
  liveFrom: Date,
  condition: RawBuilder<unknown>,
  more: readonly RawBuilder<unknown>[],
): RawBuilder<unknown> {
  const names = namesOf(columns)
  const split = sql`${splitHours.map((hour) => hour.toISOString())}::timestamptz[]`
  const whole = splitHours.length === 0 ? sql`` : sql`and r.bucket <> all(${split})`
  const ofSockets = sql`r.socket_id = any(${sockets}::uuid[]) and r.bucket < ${to} ${condition}`
  const parts = [sql`select ${names} from ${tableOf(resolution)} r where ${ofSockets} ${whole}`, ...more]
  if (splitHours.length > 0) {
    parts.push(sql`select ${names} from unnest(${split}) as split(hour) join telemetry_rollups_1m r
      on r.bucket >= split.hour and r.bucket < split.hour + interval '1 hour' and ${ofSockets}`)
  }
  const live = liveMinutes(sockets, columns, liveFrom, to, now)
  if (live) parts.push(sql`select ${names} from (${live}) r where true ${condition}`)
  return sql.join(parts, sql` union all `)
}

const ALWAYS = ['bucket', 'socket_id', 'device_id', 'first_at', 'last_at', 'readings']

function namesOf(columns: Columns) {
  return sql.join([...ALWAYS, ...columns].map((name) => sql.ref(`r.${name}`)))
}

function tableOf(resolution: RollupResolution) {
  return sql.table(`telemetry_rollups_${resolution}`)
}
