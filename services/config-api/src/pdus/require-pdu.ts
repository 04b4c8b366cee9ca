import type { Database } from '@iomt/database/connect'
import { notFound } from '../changes/refusal.ts'

/**
 * A PDU's row. `pointer`: where in the request its id is, unless it is in the path.
 * @throws Refusal `not-found` unless the PDU exists and is the caller's.
 */
export async function requirePdu(database: Database, id: string, tenant: string | null, pointer?: string) {
  const row = await database.selectFrom('power_distribution_units').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row || (tenant !== null && row.organization_id !== tenant)) throw notFound('pdu', id, pointer)
  return row
}

export type PduRow = Awaited<ReturnType<typeof requirePdu>>
