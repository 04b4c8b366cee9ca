import type { JSONColumnType } from 'kysely'
import type { RowColumns } from './organizations.ts'

/** A payload configuration that sockets of the organization refer to by `payload_config.profile`. */
export interface PayloadProfilesTable extends RowColumns {
  id: string
  organization_id: string
  name: string
  description: string | null
  payload_config: JSONColumnType<Record<string, unknown>, string, string>
}
