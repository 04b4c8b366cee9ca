import { pageOf } from '@iomt/contracts/rest/page'
import type { Database } from '@iomt/database/connect'
import type { Static, TObject, TSchema } from '@sinclair/typebox'
import type { App } from '../http/app.ts'
import { actorOf, tenantOf } from '../http/authentication.ts'
import { pageInOrderOfId, pageRequest } from '../http/cursor.ts'
import { entityTag, expectedVersions } from '../http/entity-tag.ts'
import { answers, BODY_REFUSALS, IdParameter, IfMatchHeader, NoContent } from '../http/route-documentation.ts'
import { createResource, deleteResource, requireResource, updateResource } from './change-resource.ts'
import type { Resource, ResourceView } from './resource.ts'

/** Schemas of one kind of resource, as `@iomt/contracts/rest` has them. */
export interface ResourceSchemas {
  readonly view: TSchema
  readonly create: TSchema
  readonly patch: TSchema
  readonly query: TObject
}

export interface ResourceRoutesOptions<Schemas extends ResourceSchemas> {
  readonly database: Database
  /** `/organizations` */
  readonly path: string
  /** For operation ids: `Organization`. */
  readonly name: string
  readonly schemas: Schemas
  readonly resource: Resource<
    Static<Schemas['view']> & ResourceView,
    Static<Schemas['create']>,
    Static<Schemas['patch']>,
    Static<Schemas['query']>
  >
  /** Wakes the relay after a commit. */
  readonly onChange: () => void
}

/** List, create, read, change and delete of one kind of resource. */
export function addResourceRoutes<Schemas extends ResourceSchemas>(app: App, options: ResourceRoutesOptions<Schemas>) {
  const { database, path, name, onChange } = options
  // The schemas are known to fit the resource by the options' type; inside, one shape serves all five kinds.
  const resource = options.resource as unknown as Resource<ResourceView, unknown, unknown, unknown>
  const { view, create, patch, query } = options.schemas as ResourceSchemas
  const tags = [path.slice(1)]
  const one = `${path}/:id`

  app.get(
    path,
    {
      schema: {
        tags,
        operationId: `list${name}s`,
        summary: `List ${path.slice(1)} in order of creation`,
        querystring: query,
        response: answers({ 200: pageOf(view) }),
      },
    },
    async (request) => {
      const filters = request.query as { limit?: number; cursor?: string }
      const page = pageRequest(filters)
      const more = { ...page, limit: page.limit + 1 }
      return pageInOrderOfId(await resource.list(database, filters, tenantOf(request), more), page.limit)
    },
  )

  app.post(
    path,
    {
      schema: {
        tags,
        operationId: `create${name}`,
        summary: `Create; answers 201 with Location and ETag`,
        body: create,
        response: answers({ 201: view }, 404, 409, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const created = await createResource(database, resource, request.body, actorOf(request))
      onChange()
      return await reply
        .code(201)
        .header('location', `${path}/${created.id}`)
        .header('etag', entityTag(created.version))
        .send(created)
    },
  )

  app.get(
    one,
    {
      schema: {
        tags,
        operationId: `get${name}`,
        summary: 'Read',
        params: IdParameter,
        response: answers({ 200: view }, 404),
      },
    },
    async (request, reply) => {
      const found = await requireResource(database, resource, request.params.id, tenantOf(request))
      return await reply.header('etag', entityTag(found.version)).send(found)
    },
  )

  app.patch(
    one,
    {
      schema: {
        tags,
        operationId: `update${name}`,
        summary: 'Change the fields that are given',
        params: IdParameter,
        headers: IfMatchHeader,
        body: patch,
        response: answers({ 200: view }, 404, 409, 412, ...BODY_REFUSALS),
      },
    },
    async (request, reply) => {
      const expected = expectedVersions(request.headers['if-match'])
      const changed = await updateResource(
        database,
        resource,
        request.params.id,
        request.body,
        expected,
        actorOf(request),
      )
      onChange()
      return await reply.header('etag', entityTag(changed.version)).send(changed)
    },
  )

  app.delete(
    one,
    {
      schema: {
        tags,
        operationId: `delete${name}`,
        summary: 'Delete; 409 while something depends on it',
        params: IdParameter,
        headers: IfMatchHeader,
        response: answers({ 204: NoContent }, 404, 409, 412),
      },
    },
    async (request, reply) => {
      const expected = expectedVersions(request.headers['if-match'])
      await deleteResource(database, resource, request.params.id, expected, actorOf(request))
      onChange()
      return await reply.code(204).send(null)
    },
  )
}
