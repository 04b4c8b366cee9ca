import { readFileSync } from 'node:fs'
import { createFileOnce } from '@iomt/credential-vault/key-file'
import type { Database } from '@iomt/database/connect'
import { ConfigurationError } from '@iomt/service-runtime/parse-environment'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { v7 as newId } from 'uuid'
import { generateApiKey, hashApiKey, isApiKey, prefixOf } from './api-key.ts'

/** Any constant does; replicas that start together take the lock one after the other. */
const ADMIN_KEY_LOCK = 0x696f6d74

/**
 * Sees to it that somebody can get in: while no admin key is valid, the key in `path` becomes one; without a file, a new
 * key is written to it (mode 0600) first. The key itself is never logged.
 *
 * @throws ConfigurationError when the file holds something that is no key.
 */
export async function ensureAdminKey(database: Database, path: string, logger: Logger): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${ADMIN_KEY_LOCK})`.execute(transaction)
    const existing = await transaction
      .selectFrom('api_keys')
      .select('id')
      .where('role', '=', 'admin')
      .where('organization_id', 'is', null)
      .where('revoked_at', 'is', null)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', sql<Date>`now()`)]))
      .limit(1)
      .executeTakeFirst()
    if (existing) return
    // Written before the row commits: a crash between leaves a file that the next start takes up.
    const created = createFileOnce(path, `${generateApiKey()}\n`)
    const key = readFileSync(path, 'utf8').trim()
    if (!isApiKey(key))
      throw new ConfigurationError(`${path} holds no API key (iomt_ and 43 characters); remove the file`)
    // The same key may be in the table, revoked or expired: taking it up again would undo that.
    const inserted = await transaction
      .insertInto('api_keys')
      .values({ id: newId(), name: 'first-admin', key_hash: hashApiKey(key), prefix: prefixOf(key), role: 'admin' })
      .onConflict((conflict) => conflict.column('key_hash').doNothing())
      .executeTakeFirst()
    if (inserted.numInsertedOrUpdatedRows === 0n) {
      logger.warn({ path }, 'no admin key is valid, and the one in the file was revoked or has expired')
    } else {
      logger.info({ path, prefix: prefixOf(key) }, created ? 'new admin key written' : 'admin key taken from the file')
    }
  })
}
