import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { Refusal } from '../changes/refusal.ts'
import { hashApiKey, isApiKey } from './api-key.ts'
import type { Principal } from './principal.ts'

/** `last_used_at` tells keys in use from forgotten ones: a minute is exact enough, and spares a write a request. */
const LAST_USED_RESOLUTION = 60_000

/**
 * What is stored of the key in an `Authorization` header. Asks nobody.
 *
 * @throws Refusal `unauthenticated` when it holds nothing that could be a key.
 */
export function presentedKeyHash(authorization: string | undefined): Buffer {
  const key = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (key === undefined) throw refuse('Send an API key: Authorization: Bearer iomt_…')
  if (!isApiKey(key)) throw refuse('The API key is malformed; it is iomt_ and 43 characters.')
  return hashApiKey(key)
}

/**
 * The principal of a key. Asks the database at every request, so that a revoked key stops at once (one read by unique
 * index).
 *
 * @throws Refusal `unauthenticated` when the key is not valid now.
 */
export async function authenticate(database: Database, keyHash: Buffer, now: Date): Promise<Principal> {
  const row = await database
    .selectFrom('api_keys')
    .select(['id', 'name', 'role', 'organization_id', 'expires_at', 'revoked_at', 'last_used_at'])
    .where('key_hash', '=', keyHash)
    .executeTakeFirst()
  if (!row) throw refuse('The API key is not known.')
  if (row.revoked_at) throw refuse('The API key was revoked.')
  if (row.expires_at && row.expires_at <= now) throw refuse('The API key has expired.')
  if (!row.last_used_at || now.getTime() - row.last_used_at.getTime() >= LAST_USED_RESOLUTION) {
    await database.updateTable('api_keys').set({ last_used_at: sql`now()` }).where('id', '=', row.id).execute()
  }
  return { keyId: row.id, name: row.name, role: row.role, organizationId: row.organization_id }
}

function refuse(detail: string): Refusal {
  return new Refusal('unauthenticated', detail)
}
