import {
  Organization,
  type OrganizationCreate,
  type OrganizationPatch,
  type OrganizationQuery,
} from '@iomt/contracts/rest/organization'
import type { Database } from '@iomt/database/connect'
import type { Schema } from '@iomt/database/schema'
import { sql, type Transaction } from 'kysely'
import { Refusal } from '../changes/refusal.ts'
import { refuseWhileUsed } from '../resources/refuse-while-used.ts'
import type { Resource } from '../resources/resource.ts'
import { rowView } from '../resources/row-view.ts'

export const organizationResource: Resource<Organization, OrganizationCreate, OrganizationPatch, OrganizationQuery> = {
  entity: 'organization',

  async find(database, id, tenant) {
    const row = await select(database, tenant).where('id', '=', id).executeTakeFirst()
    return row && rowView(Organization, row)
  },

  async lock(transaction, id, tenant) {
    return (await select(transaction, tenant).where('id', '=', id).forUpdate().executeTakeFirst()) !== undefined
  },

  async list(database, filters, tenant, page) {
    let query = select(database, tenant).orderBy('id').limit(page.limit)
    if (page.after !== null) query = query.where('id', '>', page.after)
    if (filters.code !== undefined) query = query.where('code', '=', filters.code)
    return (await query.execute()).map((row) => rowView(Organization, row))
  },

  async insert(transaction, id, { code, name }, actor) {
    if (actor.organizationId !== null) {
      throw new Refusal('forbidden', 'This API key is bound to one organization; another needs an unbound admin key.')
    }
    await transaction.insertInto('organizations').values({ id, code, name }).execute()
  },

  async update(transaction, current, fields) {
    await transaction
      .updateTable('organizations')
      .set({ ...fields, version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', current.id)
      .execute()
  },

  async remove(transaction, { id }) {
    await refuseWhileUsed(transaction, 'organization', [
      { what: 'departments', table: 'departments', column: 'organization_id', id },
      { what: 'PDUs', table: 'power_distribution_units', column: 'organization_id', id },
      { what: 'devices', table: 'devices', column: 'organization_id', id },
      { what: 'payload profiles', table: 'payload_profiles', column: 'organization_id', id },
    ])
    await removeApiKeys(transaction, id)
    await transaction.deleteFrom('organizations').where('id', '=', id).execute()
  },
}

function select(database: Database, tenant: string | null) {
  const query = database.selectFrom('organizations').selectAll()
  return tenant === null ? query : query.where('id', '=', tenant)
}

/** Those that nobody can use any more go with the organization. */
async function removeApiKeys(transaction: Transaction<Schema>, organizationId: string): Promise<void> {
  const keys = await transaction
    .deleteFrom('api_keys')
    .where('organization_id', '=', organizationId)
    .returning(sql<boolean>`revoked_at is null and (expires_at is null or expires_at > now())`.as('valid'))
    .execute()
  const valid = keys.filter((key) => key.valid).length
  if (valid > 0) throw new Refusal('in-use', `The organization still has ${valid} API keys; revoke them first.`)
}
