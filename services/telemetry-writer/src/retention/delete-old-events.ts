import type pg from 'pg'

/** Some milliseconds of work each, so that nobody waits and vacuum can follow. */
const CHUNK = 2_000

const DELETE = `
  delete from socket_connection_events where id in (
    select id from socket_connection_events where at < $1 order by at limit ${CHUNK}
  )`

/** Deletes the status events from before a time (ms since 1970), each chunk in its own transaction; answers how many. */
export async function deleteOldEvents(client: pg.ClientBase, before: number): Promise<number> {
  const cutoff = new Date(before).toISOString()
  let deleted = 0
  for (;;) {
    const { rowCount } = await client.query(DELETE, [cutoff])
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < CHUNK) return deleted
  }
}
