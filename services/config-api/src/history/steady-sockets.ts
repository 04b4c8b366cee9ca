import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'

const DAY = 86_400_000

/**
 * Those of the sockets that had at most one device on each day of [from, to), so that none of their buckets is made of two
 * rows. A minute is in the hour and in the day as soon as it is rolled up, so the days know.
 */
export async function steadySockets(
  database: Database,
  sockets: readonly string[],
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<ReadonlySet<string>> {
  if (sockets.length === 0) return new Set()
  const firstDay = new Date(Math.floor(from.getTime() / DAY) * DAY)
  const { rows } = await sql<{ socket_id: string }>`
    select distinct socket_id from (
      select socket_id from telemetry_rollups_1d
      where socket_id = any(${sockets}::uuid[]) and bucket >= ${firstDay} and bucket < ${to}
      group by socket_id, bucket having count(*) > 1
    ) changed`.execute(database)
  const changed = new Set(rows.map(({ socket_id: socketId }) => socketId))
  return new Set(sockets.filter((socketId) => !changed.has(socketId)))
}
