import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { Name, nullable } from './fields.ts'
import { pageQuery } from './page.ts'

export const ApiKeyRole = Type.Union([Type.Literal('viewer'), Type.Literal('operator'), Type.Literal('admin')], {
  description: 'viewer reads; operator also publishes to sockets and tests them; admin also changes',
})

const VIEW_FIELDS = {
  id: Id,
  name: Name,
  prefix: Type.String({ description: 'The first characters of the key, to tell keys apart' }),
  role: ApiKeyRole,
  organization_id: nullable(Id, { description: 'The only organization it may see and change; null: all' }),
  created_at: Timestamp,
  expires_at: nullable(Timestamp),
  last_used_at: nullable(Timestamp, { description: 'To within a minute' }),
  revoked_at: nullable(Timestamp),
}

/** `GET /api-keys` */
export const ApiKey = Type.Object(VIEW_FIELDS, { $id: 'ApiKey', additionalProperties: false })
export type ApiKey = Static<typeof ApiKey>

/** `POST /api-keys` */
export const ApiKeyCreate = Type.Object(
  {
    name: Name,
    role: ApiKeyRole,
    organization_id: Type.Optional(nullable(Id, { description: "Default: that of the request's key" })),
    expires_at: Type.Optional(nullable(Timestamp, { description: 'Default: never' })),
  },
  {
    $id: 'ApiKeyCreate',
    additionalProperties: false,
    examples: [{ name: 'Ward dashboard', role: 'viewer', expires_at: '2027-12-31T00:00:00Z' }],
  },
)
export type ApiKeyCreate = Static<typeof ApiKeyCreate>

export const ApiKeyCreated = Type.Object(
  { ...VIEW_FIELDS, key: Type.String({ description: 'Shown this once; only its hash is stored' }) },
  { $id: 'ApiKeyCreated', additionalProperties: false },
)
export type ApiKeyCreated = Static<typeof ApiKeyCreated>

export const ApiKeyQuery = pageQuery({
  role: Type.Optional(ApiKeyRole),
  organization_id: Type.Optional(Id),
})
export type ApiKeyQuery = Static<typeof ApiKeyQuery>
