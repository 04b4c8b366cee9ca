import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { consumedRows } from './consumed-rows.ts'
import type { Silence } from './energy-coverage.ts'
import type { Period } from './periods.ts'
import type { RowsQuestion } from './rollup-rows.ts'

export type EnergyQuestion = Omit<RowsQuestion, 'resolution'>

/** Without a reading for longer than this, a meter is silent. */
const PATIENCE = '15 minutes'

function countedRows(question: EnergyQuestion) {
  return consumedRows({ ...question, resolution: '1h' })
}

/** kWh of each period; null where no reading carried the counter. */
export async function readConsumption(
  database: Database,
  question: EnergyQuestion,
  periods: readonly Period[],
): Promise<(number | null)[]> {
  const kwh = periods.map((): number | null => null)
  if (question.sockets.length === 0) return kwh
  const starts = periods.map(({ from }) => new Date(from).toISOString())
  const { rows } = await sql<{ period: number; kwh: number }>`
    select width_bucket(bucket, ${starts}::timestamptz[]) as period, sum(consumed) as kwh
    from (${countedRows(question)}) r group by 1`.execute(database)
  for (const row of rows) kwh[row.period - 1] = row.kwh
  return kwh
}

/**
 * The times within a range in which a meter was silent, up to now, as far as they end in the stretch that the question is about;
 * with the last stretch also those that have not ended, and how many sockets have a meter: those with a reading of the counter
 * in the range or at any time before. A device is one meter, over all its sockets.
 */
export async function readSilences(
  database: Database,
  question: EnergyQuestion,
  range: { readonly from: Date; readonly last: boolean },
): Promise<{ silences: Silence[]; sockets: number }> {
  const { sockets, deviceId, from, to, now } = question
  if (sockets.length === 0) return { silences: [], sockets: 0 }
  const end = new Date(Math.min(to.getTime(), now.getTime()))
  // Which row came before is asked again, over all of them: a device's last reading may be on another socket.
  const meter = deviceId === null ? sql`socket_id` : sql`${deviceId}::uuid`
  const device = deviceId === null ? sql`` : sql`and r.device_id = ${deviceId}`
  const { rows } = await sql<{ since: Date | null; until: Date | null; sockets: number | null }>`
    with rows as (
      select ${meter} as meter, socket_id, first_at, last_at from (${countedRows(question)}) r
    ), before as (
      select ${meter} as meter, socket_id, last_at as first_at, last_at
      from unnest(${sockets}::uuid[]) as s(id) cross join lateral (
        select socket_id, last_at from telemetry_rollups_1h r
        where r.socket_id = s.id and r.bucket < ${from} and r.energy_count > 0 ${device}
        order by r.bucket desc, r.last_at desc limit 1
      ) b
    ), marks as (
      select * from rows union all select * from before
      union all select distinct meter, null::uuid, ${end}::timestamptz, ${end}::timestamptz
        from (select meter from rows union select meter from before) m where ${range.last}
    ), gaps as (
      select coalesce(max(last_at) over earlier, ${range.from}) as since, first_at as until
      from marks window earlier as (partition by meter order by first_at, last_at
        rows between unbounded preceding and 1 preceding)
    ), known as (
      select count(*)::int as sockets from (select distinct socket_id from marks where socket_id is not null) s
    )
    select greatest(since, ${range.from}) as since, until, null as sockets from gaps
    where until >= ${from} and until > ${range.from} and until - since > interval '${sql.raw(PATIENCE)}'
    union all select null, null, sockets from known`.execute(database)
  const found = rows.at(-1)?.sockets ?? 0
  return {
    sockets: found,
    silences: rows.flatMap(({ since, until }) =>
      since && until ? [{ from: since.getTime(), to: until.getTime() }] : [],
    ),
  }
}
