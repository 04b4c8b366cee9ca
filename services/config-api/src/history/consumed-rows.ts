import { type RawBuilder, sql } from 'kysely'
import { floorTo, namesOf, partsOf, type RowsQuestion, tableOf, unionOfRows } from './rollup-rows.ts'

const COUNTER = new Set(['energy_count', 'energy_first', 'energy_last', 'energy_delta', 'energy_handover'])

/**
 * Rows of [from, to) in which the counter was read, of each socket: `bucket`, `socket_id`, `first_at`, `last_at` and
 * `consumed`, what the counter went up within the row and since the reading before it, whichever row of the socket that is
 * in. A counter that is lower than before was reset, and its new value counts.
 */
export function consumedRows(question: RowsQuestion): RawBuilder<unknown> {
  const { single, several } = partsOf(question)
  const queries = several.map((part) => consumedInOverlapping({ ...question, ...part }))
  if (single) queries.unshift(consumedInSingle({ ...question, ...single }))
  return sql.join(queries, sql` union all `)
}

/** Here the reading before a row is the last of the row before it. */
function consumedInSingle({ resolution, sockets, deviceId, from, to }: RowsQuestion): RawBuilder<unknown> {
  // Rows of other devices are looked at too: what those have consumed in between is not this one's.
  const own = (row: RawBuilder<unknown>) =>
    deviceId === null
      ? sql`${row}.energy_last`
      : sql`case when ${row}.device_id = ${deviceId} then ${row}.energy_last end`
  return sql`
    select bucket, socket_id, first_at, last_at, energy_delta + case
        when latest is null then 0
        when energy_first >= latest then energy_first - latest
        else energy_first
      end as consumed
    from (
      select c.bucket, c.socket_id, c.device_id, c.first_at, c.last_at, c.energy_first, c.energy_delta, lag(${own(sql`c`)}, 1, (
          select ${own(sql`r`)} from ${tableOf(resolution)} r
          where r.socket_id = c.socket_id and r.bucket < ${from} and r.energy_count > 0
          order by r.bucket desc, r.last_at desc limit 1
        )) over (partition by c.socket_id order by c.bucket) as latest
      from ${tableOf(resolution)} c
      where c.socket_id = any(${sockets}::uuid[]) and c.bucket >= ${from} and c.bucket < ${to} and c.energy_count > 0
    ) counted ${deviceId === null ? sql`` : sql`where device_id = ${deviceId}`}`
}

/**
 * Where rows may overlap in time. For a device only what is inside its rows counts where another one was there last. For the
 * socket what was consumed while one gave way to another counts, too: inside a bucket its rows know it, between two it is a step
 * like any other. A minute that is not rolled up yet may lie within the device's row of its hour, which has reached over it.
 */
function consumedInOverlapping(question: RowsQuestion): RawBuilder<unknown> {
  const { deviceId, from } = question
  const own = sql`max(case when device_id = ${deviceId} then last_at end) over before`
  const foreign = deviceId === null ? sql`false` : sql`coalesce(${own} < max(last_at) over before, true)`
  const handover = deviceId === null ? sql`coalesce(energy_handover, 0)` : sql`0`
  return sql`
    select bucket, socket_id, first_at, last_at, case when within_own then 0 else energy_delta + ${handover} + case
        when latest is null or within_another or within_bucket or of_another then 0
        when energy_first >= latest[2] then energy_first - latest[2]
        else energy_first
      end end as consumed
    from (
      -- latest: when, kWh, bucket, source. Rows of before there were handovers know of none.
      select *, energy_handover is not null and latest[3] = date_part('epoch', bucket) and latest[4] = source as within_bucket
      from (
        select *, coalesce(max(last_at) over before_of_device > first_at, false) as within_own,
          max(last_at) over before > first_at as within_another, ${foreign} as of_another,
          max(array[date_part('epoch', last_at), energy_last, date_part('epoch', bucket), source]) over before as latest
        from (${rowsWithCounter(question)}) source
        window before as (partition by socket_id order by first_at, last_at rows between unbounded preceding and 1 preceding),
          before_of_device as (partition by socket_id, device_id order by first_at, last_at
            rows between unbounded preceding and 1 preceding)
      ) counted
    ) counted
    where bucket >= ${from} ${deviceId === null ? sql`` : sql`and device_id = ${deviceId}`}`
}

/**
 * Rows with the counter, and what came before them on their sockets: the last row that is rolled up, and all minutes that are not,
 * since one of those may be later.
 */
function rowsWithCounter(question: RowsQuestion): RawBuilder<unknown> {
  const { resolution, sockets } = question
  const from = new Date(floorTo(resolution, question.from.getTime()))
  const before = sql`select before.* from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
      select ${namesOf(COUNTER)}, 0 as source from ${tableOf(resolution)} r
      where r.socket_id = s.id and r.bucket < ${from} and r.energy_count > 0
      order by r.bucket desc, r.last_at desc limit 1
    ) before`
  const condition = sql`and r.energy_count > 0`
  return unionOfRows(question, COUNTER, { from, liveFrom: new Date(0), condition }, [before])
}
