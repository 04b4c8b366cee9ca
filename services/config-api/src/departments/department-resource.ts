import {
  Department,
  type DepartmentCreate,
  type DepartmentPatch,
  type DepartmentQuery,
} from '@iomt/contracts/rest/department'
import type { Database } from '@iomt/database/connect'
import { sql } from 'kysely'
import { refuseWhileUsed } from '../resources/refuse-while-used.ts'
import { requireOrganization } from '../resources/require-parent.ts'
import type { Resource } from '../resources/resource.ts'
import { rowView } from '../resources/row-view.ts'

export const departmentResource: Resource<Department, DepartmentCreate, DepartmentPatch, DepartmentQuery> = {
  entity: 'department',

  async find(database, id, tenant) {
    const row = await select(database, tenant).where('id', '=', id).executeTakeFirst()
    return row && rowView(Department, row)
  },

  async lock(transaction, id, tenant) {
    return (await select(transaction, tenant).where('id', '=', id).forUpdate().executeTakeFirst()) !== undefined
  },

  async list(database, filters, tenant, page) {
    let query = select(database, tenant).orderBy('id').limit(page.limit)
    if (page.after !== null) query = query.where('id', '>', page.after)
    if (filters.organization_id !== undefined) query = query.where('organization_id', '=', filters.organization_id)
    if (filters.code !== undefined) query = query.where('code', '=', filters.code)
    return (await query.execute()).map((row) => rowView(Department, row))
  },

  async insert(transaction, id, fields, actor) {
    await requireOrganization(transaction, fields.organization_id, actor.organizationId)
    await transaction
      .insertInto('departments')
      .values({ id, ...fields })
      .execute()
  },

  async update(transaction, current, fields) {
    await transaction
      .updateTable('departments')
      .set({ ...fields, version: sql`version + 1`, updated_at: sql`now()` })
      .where('id', '=', current.id)
      .execute()
  },

  async remove(transaction, { id }) {
    await refuseWhileUsed(transaction, 'department', [
      { what: 'PDUs', table: 'power_distribution_units', column: 'department_id', id },
    ])
    await transaction.deleteFrom('departments').where('id', '=', id).execute()
  },
}

function select(database: Database, tenant: string | null) {
  const query = database.selectFrom('departments').selectAll()
  return tenant === null ? query : query.where('organization_id', '=', tenant)
}
