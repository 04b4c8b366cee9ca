import type { ColumnType, Generated } from 'kysely'

/** Set by the database when a row is inserted, bumped by every update; `version` is the ETag. */
export interface RowColumns {
  version: Generated<number>
  created_at: ColumnType<Date, never, never>
  updated_at: ColumnType<Date, never, Date>
}

export interface OrganizationsTable extends RowColumns {
  id: string
  code: string
  name: string
}
