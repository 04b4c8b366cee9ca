import type { MeasurementName } from '@iomt/contracts/measurements'
import type { Aggregate } from '@iomt/contracts/rest/telemetry-history'
import { type RawBuilder, sql } from 'kysely'
import type { AggregatePlan } from './aggregate-plan.ts'
import type { Columns } from './rollup-columns.ts'
import type { RollupRows } from './rollup-rows.ts'

/** How the sockets behind a point come together: not at all, as one device's, or as a total. */
export type Merge = 'socket' | 'device' | 'total'

/** Where points begin: every so many milliseconds in UTC, or at these times. */
export type Bins = { readonly milliseconds: number; readonly origin: Date } | { readonly starts: readonly Date[] }

/** Arithmetic over sockets: powers and currents add up, the hottest socket counts, the rest is averaged. */
const SUMMED: readonly MeasurementName[] = ['current', 'active_power', 'apparent_power', 'reactive_power']

/** Which points are made of rollup rows. */
export interface PointsForm {
  readonly plan: AggregatePlan
  readonly columns: Columns
  readonly bins: Bins
  readonly merge: Merge
}

/** Only so many points, and only those after a place in their order. */
export interface PageOfPoints {
  readonly after: { readonly at: Date; readonly socketId: string }
  readonly limit: number
}

/** All but `delta`, which {@link consumptionQuery} gives. */
type GaugeAggregate = Exclude<Aggregate, 'delta'>

export function isGauge(aggregate: Aggregate): aggregate is GaugeAggregate {
  return aggregate !== 'delta'
}

/**
 * Points in order of time (and socket), made of rollup rows; `single` ones only where a step is a bucket. Their columns are
 * milliseconds since 1970, socket (null: several), how many sockets, readings, and the values of the plan in its order, without
 * consumption.
 */
export function pointsQuery(
  rows: RollupRows,
  { plan, columns, bins, merge }: PointsForm,
  { after, limit }: PageOfPoints,
): RawBuilder<unknown> {
  const gauges = plan.flatMap(({ measurement, aggregates }) =>
    aggregates.filter(isGauge).map((aggregate) => aggregateOf(measurement, aggregate, merge)),
  )
  const values = gauges.map((value, index) => sql`, ${value} as ${sql.ref(`v${index}`)}`)
  const names = gauges.map((_, index) => sql`, ${sql.ref(`v${index}`)}`)
  const bySocket = rowsBySocket(rows, columns, bins)
  const points =
    merge === 'socket'
      ? sql`select at, socket_id, 1 as sockets, readings${sql.join(values, sql``)} from (${bySocket}) s`
      : sql`select at, case when count(*) = 1 then min(socket_id::text)::uuid end as socket_id,
          count(*)::int as sockets, sum(readings)::bigint as readings${sql.join(values, sql``)}
        from (${bySocket}) s group by at`
  return sql`select ${milliseconds(sql`at`)}, socket_id, sockets, readings${sql.join(names, sql``)} from (${points}) points
    where at > ${after.at} or socket_id > ${after.socketId}::uuid or socket_id is null
    order by at, socket_id limit ${limit}`
}

/** A number, since a time in the words of Postgres would have to be parsed for each point. */
function milliseconds(time: RawBuilder<unknown>) {
  return sql`(date_part('epoch', ${time}) * 1000)::int8`
}

/** One row for each step and socket. */
function rowsBySocket({ single, several }: RollupRows, columns: Columns, bins: Bins): RawBuilder<unknown> {
  const parts: RawBuilder<unknown>[] = []
  if (single) {
    const same = [...columns].map((column) => sql`, ${sql.ref(column)}`)
    parts.push(sql`select bucket as at, socket_id, last_at, readings${sql.join(same, sql``)} from (${single}) rows`)
  }
  if (several) {
    const merged = [...columns].map((column) => sql`, ${mergeRows(column)} as ${sql.ref(column)}`)
    parts.push(sql`select ${binOf(bins)} as at, socket_id, max(last_at) as last_at, sum(readings)::bigint as readings
        ${sql.join(merged, sql``)}
      from (${several}) rows group by 1, 2`)
  }
  return sql.join(parts, sql` union all `)
}

/**
 * kWh of each step, and of each socket when they do not come together, made of `consumedRows`: milliseconds since 1970, socket
 * (null: all), kWh.
 */
export function consumptionQuery(
  rows: RawBuilder<unknown>,
  { bins, merge }: Pick<PointsForm, 'bins' | 'merge'>,
): RawBuilder<unknown> {
  const socket = merge === 'socket' ? sql`socket_id` : sql`null::uuid`
  return sql`select ${milliseconds(sql`at`)}, socket_id, kwh from (
      select ${binOf(bins)} as at, ${socket} as socket_id, sum(consumed) as kwh from (${rows}) rows group by 1, 2
    ) consumption`
}

function binOf(bins: Bins) {
  if ('milliseconds' in bins) {
    const seconds = bins.milliseconds / 1_000
    return sql`date_bin(${seconds} * interval '1 second', bucket, ${bins.origin}::timestamptz)`
  }
  const starts = sql`${bins.starts.map((start) => start.toISOString())}::timestamptz[]`
  return sql`(${starts})[width_bucket(bucket, ${starts})]`
}

/** One column of a socket's rows within a step. */
function mergeRows(column: string) {
  const name = sql.ref(column)
  const part = column.slice(column.lastIndexOf('_') + 1)
  switch (part) {
    case 'min':
    case 'max':
      return sql`${sql.raw(part)}(${name})`
    case 'last':
      return sql`(array_agg(${name} order by last_at desc) filter (where ${name} is not null))[1]`
    default:
      return sql`sum(${name})`
  }
}

/** An aggregate over the sockets' rows `s`, whose columns are those of {@link mergeRows}. */
function aggregateOf(measurement: MeasurementName, aggregate: GaugeAggregate, merge: Merge): RawBuilder<unknown> {
  const part = (name: string) => sql.ref(`${measurement}_${name}`)
  const over = (fn: string, value: RawBuilder<unknown>) => (merge === 'socket' ? value : sql`${sql.raw(fn)}(${value})`)
  const column = (fn: string, name: string) => over(fn, sql`${part(name)}`)
  const adds = merge === 'total' && SUMMED.includes(measurement)
  const hottest = merge === 'total' && measurement === 'temperature'
  const positive = measurement === 'relay_on' ? 'true' : 'sum'
  const mean = sql`${column('sum', positive)}::float8 / nullif(${column('sum', 'count')}, 0)`
  const ownMean = sql`${part(positive)} / nullif(${part('count')}, 0)`
  switch (aggregate) {
    case 'avg':
      if (adds) return sql`sum(${ownMean})`
      if (hottest) return sql`max(${ownMean})`
      return merge === 'total' && measurement === 'power_factor' ? powerFactor(mean) : mean
    case 'min':
      return column(adds ? 'sum' : 'min', 'min')
    case 'max':
      return column(adds ? 'sum' : 'max', 'max')
    case 'last':
      return lastOf(measurement, merge)
    case 'sum':
      return sql`case when ${column('sum', 'count')} > 0 then ${column('sum', positive)}::float8 end`
    case 'count':
      return sql`nullif(${column('sum', 'count')}, 0)::float8`
  }
}

function lastOf(measurement: MeasurementName, merge: Merge): RawBuilder<unknown> {
  const value = sql.ref(`${measurement}_last`)
  if (merge === 'socket') return sql`${value}`
  if (merge === 'device') return sql`(array_agg(${value} order by last_at desc) filter (where ${value} is not null))[1]`
  if (measurement === 'relay_on') return sql`bool_or(${value})`
  if (SUMMED.includes(measurement)) return sql`sum(${value})`
  return measurement === 'temperature' ? sql`max(${value})` : sql`avg(${value})`
}

/** Real over apparent power of the sockets that told both; of readings that did not, their own average. */
function powerFactor(mean: RawBuilder<unknown>): RawBuilder<unknown> {
  const told = sql`filter (where active_power_count > 0 and apparent_power_count > 0)`
  return sql`coalesce(
    sum(active_power_sum / nullif(active_power_count, 0)) ${told}
      / nullif(sum(apparent_power_sum / nullif(apparent_power_count, 0)) ${told}, 0), ${mean})`
}
