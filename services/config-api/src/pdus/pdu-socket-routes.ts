import { pageOf, pageQuery } from '@iomt/contracts/rest/page'
import { PduSocketCreate, Socket } from '@iomt/contracts/rest/socket'
import type { Database } from '@iomt/database/connect'
import type { App } from '../http/app.ts'
import { actorOf, tenantOf } from '../http/authentication.ts'
import { pageInOrderOfId, pageRequest } from '../http/cursor.ts'
import { entityTag } from '../http/entity-tag.ts'
import { answers, BODY_REFUSALS, IdParameter } from '../http/route-documentation.ts'
import { createResource } from '../resources/change-resource.ts'
import type { SocketResource } from '../sockets/socket-resource.ts'
import { requirePdu } from './require-pdu.ts'

export interface PduSocketRoutesOptions {
  readonly database: Database
  readonly sockets: SocketResource
  readonly onChange: () => void
}

/** `/pdus/:id/sockets` */
export function addPduSocketRoutes(app: App, { database, sockets, onChange }: PduSocketRoutesOptions): void {
  const path = '/pdus/:id/sockets'

  app.get(
    path,
    {
      schema: {
        tags: ['pdus'],
        operationId: 'listPduSockets',
        summary: 'The sockets of a PDU in order of creation',
        params: IdParameter,
        querystring: pageQuery({}),
        response: answers({ 200: pageOf(Socket) }, 404),
      },
    },
    async (request) => {
      const tenant = tenantOf(request)
      await requirePdu(database, request.params.id, tenant)
      const page = pageRequest(request.query)
      const more = { ...page, limit: page.limit + 1 }
      return pageInOrderOfId(await sockets.list(database, { pdu_id: request.params.id }, tenant, more), page.limit)
    },
  )

  app.post(
    path,
    {
      schema: {
        tags: ['pdus'],
        operationId: 'createPduSocket',
        summary: 'Create a socket on a PDU',
        params: IdParameter,
        body: PduSocketCreate,
        response: answers({ 201: Socket }, 404, 409, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const fields = { ...request.body, pdu_id: request.params.id }
      const created = await createResource(database, sockets, fields, actorOf(request))
      onChange()
      return await reply
        .code(201)
        .header('location', `/sockets/${created.id}`)
        .header('etag', entityTag(created.version))
        .send(created)
    },
  )
}
