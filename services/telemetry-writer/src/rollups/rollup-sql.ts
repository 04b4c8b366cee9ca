import { LARGEST_MEASUREMENT, NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'

type Column = readonly [name: string, value: string]

/** The rows that a bucket `t` is made of, as `r`, and how they become the columns of its row. */
interface Source {
  readonly rows: string
  readonly columns: readonly Column[]
  /** Rows of `device_id`, `energy_delta` and `energy_handover`, where those are not among the columns. */
  readonly energy?: string
}

const present = (value: string, newestFirst: string) =>
  `array_agg(${value} order by ${newestFirst}) filter (where ${value} is not null)`
const last = (value: string, newestFirst: string) => `(${present(value, newestFirst)})[1]`
/** The same array as that of {@link last}, which Postgres makes once, read at its other end. */
const first = (value: string, newestFirst: string) => `(${present(value, newestFirst)})[count(${value})]`
/** A counter that falls was reset: its new value counts in full. */
const consumed = (value: string, before: string) =>
  `sum(case when ${value} < ${before} then ${value} else ${value} - ${before} end)`

/** A value that overflows would fail the round of all sockets, again and again. (`between` is false for NaN, too.) */
const plausible = (name: string) =>
  `case when ${name} between -${LARGEST_MEASUREMENT} and ${LARGEST_MEASUREMENT} then ${name} end as ${name}`
/** Of a socket in a minute; only a clock that stands still gives more, and it shall not cost more with every day. */
const MOST_READINGS = 50_000

const NEWEST_READING = 'measured_at desc, id desc'
const READINGS: Source = {
  // Received at most 5 minutes before it was measured, which spares older partitions; how late it may come is open.
  rows: `
      select *, case when alone then before end as energy_before, case when not alone then before end as energy_handed_over
      from (
        select *, lag(energy) over counted as before, lag(device_id) over counted is not distinct from device_id as alone
        from (
          select device_id, measured_at, id, ${NUMERIC_MEASUREMENTS.map(plausible).join(', ')}, relay_on
          from device_data_logs
          where socket_id = t.socket_id and measured_at >= t.bucket and measured_at < t.bucket + interval '1 minute'
            and timestamp >= t.bucket - interval '5 minutes'
            and not (retained and measured_at_source = 'received')
          order by measured_at, id limit ${MOST_READINGS}
        ) l
        window counted as (partition by energy is null order by measured_at, id)
      ) l`,
  columns: [
    ['readings', 'count(*)'],
    ['first_at', 'min(measured_at)'],
    ['last_at', 'max(measured_at)'],
    ...NUMERIC_MEASUREMENTS.flatMap((name): Column[] => [
      [`${name}_count`, `count(${name})`],
      [`${name}_min`, `min(${name})`],
      [`${name}_max`, `max(${name})`],
      [`${name}_sum`, `sum(${name})`],
      [`${name}_last`, last(name, NEWEST_READING)],
    ]),
    ['energy_first', first('energy', NEWEST_READING)],
    ['energy_delta', `case when count(energy) > 0 then coalesce(${consumed('energy', 'energy_before')}, 0) end`],
    ['energy_handover', consumed('energy', 'energy_handed_over')],
    ['relay_on_count', 'count(relay_on)'],
    ['relay_on_true', 'count(*) filter (where relay_on)'],
    ['relay_on_last', last('relay_on', NEWEST_READING)],
  ],
}

/** Rows of a finer rollup. */
function rollups(table: string, width: string): Source {
  const newest = 'r.bucket desc'
  const within = `f.socket_id = t.socket_id and f.bucket >= t.bucket and f.bucket < t.bucket + interval '${width}'`
  return {
    rows: `
      select * from ${table} f where ${within}`,
    columns: [
      ['readings', 'sum(readings)'],
      ['first_at', 'min(first_at)'],
      ['last_at', 'max(last_at)'],
      ...NUMERIC_MEASUREMENTS.flatMap((name): Column[] => [
        [`${name}_count`, `sum(${name}_count)`],
        [`${name}_min`, `min(${name}_min)`],
        [`${name}_max`, `max(${name}_max)`],
        [`${name}_sum`, `sum(${name}_sum)`],
        [`${name}_last`, last(`${name}_last`, newest)],
      ]),
      ['energy_first', first('energy_first', newest)],
      ['relay_on_count', 'sum(relay_on_count)'],
      ['relay_on_true', 'sum(relay_on_true)'],
      ['relay_on_last', last('relay_on_last', newest)],
    ],
    energy: energyOfRollups(table, within),
  }
}

/**
 * Between two buckets the counter went on, too: from the last reading of the one to the first of the other, for the device if both
 * are of it. What lies between two rows of one bucket is in them already. Apart from the other columns, since windows that carry
 * all of them made the statement take half as long again.
 */
function energyOfRollups(table: string, within: string): string {
  return `
    select device_id,
      sum(energy_delta) + coalesce(sum(step) filter (where alone), 0) as energy_delta,
      coalesce(sum(energy_handover) + sum(step) filter (where not alone), sum(energy_handover),
        sum(step) filter (where not alone)) as energy_handover
    from (
      select device_id, energy_delta, energy_handover, device_before is not distinct from device_id as alone,
        case when first_at > first_of_bucket then null
          when energy_first < energy_before then energy_first
          else energy_first - energy_before end as step
      from (
        select device_id, energy_delta, energy_handover, energy_first, first_at,
          min(first_at) over of_bucket as first_of_bucket,
          first_value(last_energy) over by_end as energy_before, first_value(last_device) over by_end as device_before
        from (
          select device_id, bucket, first_at, last_at, energy_first, energy_delta, energy_handover,
            lag(energy_last) over counted as last_energy, lag(device_id) over counted as last_device
          from ${table} f
          where ${within} and energy_first is not null
          window counted as (order by bucket, last_at)
        ) f
        window of_bucket as (partition by bucket), by_end as (partition by bucket order by last_at)
      ) f
    ) r
    group by device_id`
}

/**
 * Computes anew the buckets that hold the touched minutes ($1 timestamptz[]) of the sockets ($2 text[], each the literal
 * of a uuid[]). A row is replaced only by one made of at least as many readings over at least the same time: readings are
 * only ever added or dropped with their partition, so less means that the row still knows what retention has dropped.
 */
function rollUp(table: string, unit: 'minute' | 'hour' | 'day', { rows, columns, energy }: Source): string {
  const names = [...columns.map(([name]) => name), ...(energy ? ['energy_delta', 'energy_handover'] : [])]
  return `
  with touched as materialized (
    select distinct date_trunc('${unit}', p.bucket, 'UTC') as bucket, socket_id
    from unnest($1::timestamptz[], $2::text[]) as p(bucket, socket_ids), unnest(p.socket_ids::uuid[]) as socket_id
  )
  insert into ${table} as stored (socket_id, bucket, device_id, ${names.join(', ')})
  select t.socket_id, t.bucket, a.*${energy ? ', e.energy_delta, e.energy_handover' : ''} from touched t cross join lateral (
    select r.device_id,
      ${columns.map(([name, value]) => `${value} as ${name}`).join(',\n      ')}
    from (${rows}
    ) r
    group by r.device_id
  ) a
  ${energy ? `left join lateral (${energy}\n  ) e on e.device_id is not distinct from a.device_id` : ''}
  order by t.socket_id, t.bucket
  on conflict (socket_id, bucket, device_id) do update
    set ${names.map((name) => `${name} = excluded.${name}`).join(', ')}
    where excluded.readings >= stored.readings
      and excluded.first_at <= stored.first_at and excluded.last_at >= stored.last_at`
}

/** The statements of one round in their order: each reads what the one before has written. */
export const ROLL_UP: readonly string[] = [
  rollUp('telemetry_rollups_1m', 'minute', READINGS),
  rollUp('telemetry_rollups_1h', 'hour', rollups('telemetry_rollups_1m', '1 hour')),
  // 24 hours: `1 day` would be what the session's time zone calls a day.
  rollUp('telemetry_rollups_1d', 'day', rollups('telemetry_rollups_1h', '24 hours')),
]
