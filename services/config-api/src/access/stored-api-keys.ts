import type { ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyQuery } from '@iomt/contracts/rest/api-key'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { v7 as newId } from 'uuid'
import { type Actor, inTransaction, recordAudit } from '../changes/change.ts'
import { invalidField, notFound, Refusal } from '../changes/refusal.ts'
import { requireOrganization } from '../resources/require-parent.ts'
import type { PageRequest } from '../resources/resource.ts'
import { generateApiKey, hashApiKey, prefixOf } from './api-key.ts'

export async function listApiKeys(
  database: Database,
  filters: Pick<ApiKeyQuery, 'role' | 'organization_id'>,
  tenant: string | null,
  page: PageRequest,
): Promise<ApiKey[]> {
  let query = select(database, tenant).orderBy('id').limit(page.limit)
  if (page.after !== null) query = query.where('id', '>', page.after)
  if (filters.role !== undefined) query = query.where('role', '=', filters.role)
  if (filters.organization_id !== undefined) query = query.where('organization_id', '=', filters.organization_id)
  return (await query.execute()).map(viewOf)
}

export async function findApiKey(database: Database, id: string, tenant: string | null): Promise<ApiKey | undefined> {
  const row = await select(database, tenant).where('id', '=', id).executeTakeFirst()
  return row && viewOf(row)
}

/**
 * A key bound to one organization makes only keys of that one.
 *
 * @throws Refusal `invalid-request`, `forbidden`, or `not-found` for an organization that is not there or not the actor's.
 */
export async function createApiKey(database: Database, fields: ApiKeyCreate, actor: Actor): Promise<ApiKeyCreated> {
  const { name, role, expires_at: expiry } = fields
  const expiresAt = expiry == null ? null : new Date(expiry)
  if (expiresAt && expiresAt.getTime() <= Date.now()) throw invalidField('/expires_at', 'must be in the future')
  if (fields.organization_id === null && actor.organizationId !== null)
    throw new Refusal('forbidden', 'Your API key is bound to one organization and makes keys of that one only.')
  const organizationId = fields.organization_id ?? actor.organizationId
  const key = generateApiKey()
  return await inTransaction(database, async (transaction) => {
    if (organizationId !== null) await requireOrganization(transaction, organizationId, actor.organizationId)
    const id = newId()
    await transaction
      .insertInto('api_keys')
      .values({
        ...{ id, name, role, organization_id: organizationId, expires_at: expiresAt },
        ...{ key_hash: hashApiKey(key), prefix: prefixOf(key) },
      })
      .execute()
    const created = viewOf(await select(transaction, null).where('id', '=', id).executeTakeFirstOrThrow())
    const change = { entity: 'api-key', action: 'created', id, version: null, before: null, after: created } as const
    await recordAudit(transaction, [change], actor)
    return { ...created, key }
  })
}

/**
 * Revokes; a key that is revoked already stays as it is. The row stays: the first admin key's file would make the key valid
 * again at the next start.
 *
 * @throws Refusal `not-found`, or `in-use` for the actor's own key: somebody has to be able to make others.
 */
export async function revokeApiKey(database: Database, id: string, ownId: string, actor: Actor): Promise<void> {
  if (id === ownId) throw new Refusal('in-use', 'The request came with this key; revoke it with another one.')
  await inTransaction(database, async (transaction) => {
    const row = await select(transaction, actor.organizationId).where('id', '=', id).forUpdate().executeTakeFirst()
    if (!row) throw notFound('API key', id)
    if (row.revoked_at) return
    await transaction.updateTable('api_keys').set({ revoked_at: sql`now()` }).where('id', '=', id).execute()
    const change = {
      entity: 'api-key',
      action: 'deleted',
      id,
      version: null,
      before: viewOf(row),
      after: null,
    } as const
    await recordAudit(transaction, [change], actor)
  })
}

const COLUMNS = [
  'id',
  'name',
  'prefix',
  'role',
  'organization_id',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_at',
] as const

/** Never with the hash. */
function select(database: Database, tenant: string | null) {
  const query = database.selectFrom('api_keys').select(COLUMNS)
  return tenant === null ? query : query.where('organization_id', '=', tenant)
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

const textOf = (time: Date | null) => time?.toISOString() ?? null

function viewOf(row: Row): ApiKey {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    expires_at: textOf(row.expires_at),
    last_used_at: textOf(row.last_used_at),
    revoked_at: textOf(row.revoked_at),
  }
}
