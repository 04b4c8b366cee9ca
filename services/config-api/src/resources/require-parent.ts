import type { Database } from '@iomt/database/connect'
import { notFound } from '../changes/refusal.ts'

/** @throws Refusal `not-found` unless the organization exists and is the caller's. */
export async function requireOrganization(database: Database, id: string, tenant: string | null): Promise<void> {
  const row =
    tenant !== null && tenant !== id
      ? undefined
      : await database.selectFrom('organizations').select('id').where('id', '=', id).forKeyShare().executeTakeFirst()
  if (!row) throw notFound('organization', id, '/organization_id')
}

/** @throws Refusal `not-found` unless the department exists in the organization. */
export async function requireDepartment(database: Database, id: string, organizationId: string): Promise<void> {
  const row = await database
    .selectFrom('departments')
    .select('id')
    .where('id', '=', id)
    .where('organization_id', '=', organizationId)
    .forKeyShare()
    .executeTakeFirst()
  if (!row) throw notFound('department', `${id} in organization ${organizationId}`, '/department_id')
}
