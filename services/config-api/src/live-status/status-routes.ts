import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, pageOf } from '@iomt/contracts/rest/page'
import { SocketStatusQuery } from '@iomt/contracts/rest/socket-mqtt'
import { SocketStatus } from '@iomt/contracts/socket-status'
import type { Database } from '@iomt/database/connect'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { encodeCursor, pageRequest } from '../http/cursor.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import { requireSocket, type SocketRow, selectSockets } from '../sockets/socket-row.ts'
import type { GatewayClient } from './gateway-client.ts'
import { statusesOfSockets, statusOfSocket } from './live-status.ts'

/** A filter by status asks the gateways about whole chunks; after 5,000 sockets the page ends early, with a cursor. */
const MAX_CHUNKS = 10

export function addStatusRoutes(app: App, database: Database, gateways: GatewayClient): void {
  app.get(
    '/sockets/:id/mqtt-status',
    {
      schema: {
        tags: ['sockets'],
        operationId: 'getSocketMqttStatus',
        summary: 'The live connection status of a socket, from the gateway that owns it',
        params: IdParameter,
        response: answers({ 200: SocketStatus }, 404),
      },
    },
    async (request) => {
      const { id } = request.params
      const row = await requireSocket(database, id, tenantOf(request))
      return await statusOfSocket(gateways, row)
    },
  )

  app.get(
    '/mqtt/statuses',
    {
      schema: {
        tags: ['mqtt'],
        operationId: 'listMqttStatuses',
        summary: 'The live connection status of every socket',
        description:
          'With `status`, a page may hold fewer items than `limit`, even none, and still have a `next_cursor`: 5,000 sockets are looked at for one page.',
        querystring: SocketStatusQuery,
        response: answers({ 200: pageOf(SocketStatus) }),
      },
    },
    async (request) => {
      const query = request.query
      const { after, limit } = pageRequest(query)
      const chunkSize = query.status === undefined ? (query.limit ?? DEFAULT_PAGE_SIZE) : MAX_PAGE_SIZE
      const items: SocketStatus[] = []
      let place = after
      for (let chunk = 0; chunk < MAX_CHUNKS; chunk += 1) {
        const rows = await readChunk(query, tenantOf(request), place, chunkSize + 1)
        const sockets = rows.slice(0, chunkSize)
        for (const status of await statusesOfSockets(gateways, sockets)) {
          place = status.socket_id
          if (query.status !== undefined && status.status !== query.status) continue
          items.push(status)
          if (items.length === limit) break
        }
        const seenAll = rows.length <= chunkSize && (sockets.length === 0 || place === sockets.at(-1)?.id)
        if (seenAll) return { items, next_cursor: null }
        if (items.length === limit) break
      }
      return { items, next_cursor: place === null ? null : encodeCursor(place) }
    },
  )

  async function readChunk(
    filters: SocketStatusQuery,
    tenant: string | null,
    after: string | null,
    limit: number,
  ): Promise<SocketRow[]> {
    let query = selectSockets(database, tenant).orderBy('sockets.id').limit(limit)
    if (after !== null) query = query.where('sockets.id', '>', after)
    if (filters.organization_id !== undefined) query = query.where('pdu.organization_id', '=', filters.organization_id)
    if (filters.department_id !== undefined) query = query.where('pdu.department_id', '=', filters.department_id)
    if (filters.pdu_id !== undefined) query = query.where('sockets.pdu_id', '=', filters.pdu_id)
    return await query.execute()
  }
}
