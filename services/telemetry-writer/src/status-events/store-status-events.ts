import type { SocketStatusEvent } from '@iomt/contracts/socket-status'
import type pg from 'pg'
import { instantArray, textArray, uuidArray } from '../store/binary-array.ts'

const INSERT = `
  insert into socket_connection_events (id, at, socket_id, gateway, status, previous, reason, detail)
  select e.id, e.at, e.socket_id, e.gateway, e.status, e.previous, e.reason, e.detail::jsonb
  from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    as e(id, at, socket_id, gateway, status, previous, reason, detail)
  on conflict (id) do nothing`

/** Stores status changes of sockets, each once; `detail` is the whole status at that moment. */
export async function storeStatusEvents(pool: pg.Pool, events: readonly SocketStatusEvent[]): Promise<void> {
  // By id, so that two writers with the same events wait for each other instead of deadlocking.
  const sorted = events.toSorted((left, right) => (left.id < right.id ? -1 : 1))
  await pool.query(INSERT, [
    uuidArray(sorted.map((event) => event.id)),
    instantArray(sorted.map((event) => Date.parse(event.at))),
    uuidArray(sorted.map((event) => event.status.socket_id)),
    textArray(sorted.map((event) => event.status.gateway)),
    textArray(sorted.map((event) => event.status.status)),
    textArray(sorted.map((event) => event.previous)),
    textArray(sorted.map((event) => event.status.reason)),
    textArray(sorted.map((event) => JSON.stringify(event.status))),
  ])
}
