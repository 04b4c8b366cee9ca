import type { JSONColumnType } from 'kysely'

/** History of `iomt.v1.status.…`: one row a change of a socket's status. */
export interface SocketConnectionEventsTable {
  id: string
  at: Date
  socket_id: string
  gateway: string | null
  status: string
  previous: string | null
  reason: string | null
  detail: JSONColumnType<Record<string, unknown>, string, string>
}
