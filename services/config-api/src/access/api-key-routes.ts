import { ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyQuery } from '@iomt/contracts/rest/api-key'
import { pageOf } from '@iomt/contracts/rest/page'
import type { Database } from '@iomt/database/connect'
import { notFound } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { actorOf, principalOf, tenantOf } from '../http/authentication.ts'
import { pageInOrderOfId, pageRequest } from '../http/cursor.ts'
import { answers, BODY_REFUSALS, IdParameter, NoContent } from '../http/route-documentation.ts'
import { createApiKey, findApiKey, listApiKeys, revokeApiKey } from './stored-api-keys.ts'

/** `/api-keys`: who may use this interface. All of it needs an admin key; one of one organization sees and makes only its keys. */
export function addApiKeyRoutes(app: App, database: Database): void {
  const tags = ['api-keys']
  const config = { role: 'admin' } as const

  app.get(
    '/api-keys',
    {
      config,
      schema: {
        tags,
        operationId: 'listApiKeys',
        summary: 'List API keys in order of creation, also those that are revoked or expired',
        querystring: ApiKeyQuery,
        response: answers({ 200: pageOf(ApiKey) }),
      },
    },
    async (request) => {
      const page = pageRequest(request.query)
      const more = { ...page, limit: page.limit + 1 }
      return pageInOrderOfId(await listApiKeys(database, request.query, tenantOf(request), more), page.limit)
    },
  )

  app.post(
    '/api-keys',
    {
      config,
      schema: {
        tags,
        operationId: 'createApiKey',
        summary: 'Make a key; the answer is the only place where it is shown',
        body: ApiKeyCreate,
        response: answers({ 201: ApiKeyCreated }, 404, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const created = await createApiKey(database, request.body, actorOf(request))
      return await reply
        .code(201)
        .header('location', `/api-keys/${created.id}`)
        .header('cache-control', 'no-store')
        .send(created)
    },
  )

  app.get(
    '/api-keys/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'getApiKey',
        summary: 'Read',
        params: IdParameter,
        response: answers({ 200: ApiKey }, 404),
      },
    },
    async (request) => {
      const found = await findApiKey(database, request.params.id, tenantOf(request))
      if (!found) throw notFound('API key', request.params.id)
      return found
    },
  )

  app.delete(
    '/api-keys/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'revokeApiKey',
        summary: 'Revoke: nothing is answered to it any more, and its streams end',
        params: IdParameter,
        response: answers({ 204: NoContent }, 404, 409),
      },
    },
    async (request, reply) => {
      await revokeApiKey(database, request.params.id, principalOf(request).keyId, actorOf(request))
      return await reply.code(204).send(null)
    },
  )
}
