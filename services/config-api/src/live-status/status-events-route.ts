import { DEFAULT_PAGE_SIZE, pageOf } from '@iomt/contracts/rest/page'
import { StatusEvent, StatusEventQuery } from '@iomt/contracts/rest/status-event'
import type { SocketStatusName } from '@iomt/contracts/socket-status'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { invalidField } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { decodeCursor, encodeCursor, UUID_PATTERN } from '../http/cursor.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import { requireSocket } from '../sockets/socket-row.ts'

const CURSOR = [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, UUID_PATTERN]

/** `GET /sockets/:id/status-events`: since when, and how often? */
export function addStatusEventsRoute(app: App, database: Database): void {
  app.get(
    '/sockets/:id/status-events',
    {
      schema: {
        tags: ['sockets'],
        operationId: 'listSocketStatusEvents',
        summary: "The changes of a socket's status, newest first",
        params: IdParameter,
        querystring: StatusEventQuery,
        response: answers({ 200: pageOf(StatusEvent) }, 404),
      },
    },
    async (request) => {
      const { id } = request.params
      const { limit = DEFAULT_PAGE_SIZE, from, to } = request.query
      if (from && to && Date.parse(from) >= Date.parse(to)) throw invalidField('/to', 'must be later than from')
      await requireSocket(database, id, tenantOf(request))
      const found = await readEvents(database, id, request.query, limit + 1)
      const items = found.slice(0, limit)
      const last = items.at(-1)
      return { items, next_cursor: found.length > limit && last ? encodeCursor(last.at, last.id) : null }
    },
  )
}

async function readEvents(
  database: Database,
  socketId: string,
  { from, to, status, cursor }: StatusEventQuery,
  limit: number,
): Promise<StatusEvent[]> {
  let query = database
    .selectFrom('socket_connection_events')
    .select(['id', 'at', 'status', 'previous', 'reason', 'gateway'])
    .where('socket_id', '=', socketId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (from !== undefined) query = query.where('at', '>=', new Date(from))
  if (to !== undefined) query = query.where('at', '<', new Date(to))
  if (status !== undefined) query = query.where('status', '=', status)
  if (cursor !== undefined) {
    const [at, id] = decodeCursor(cursor, CURSOR)
    query = query.where(sql<boolean>`(at, id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  return (await query.execute()).map((row) => ({
    ...row,
    at: row.at.toISOString(),
    status: row.status as SocketStatusName,
    previous: row.previous as SocketStatusName | null,
  }))
}
