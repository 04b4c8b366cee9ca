import type { RowColumns } from './organizations.ts'

export interface DepartmentsTable extends RowColumns {
  id: string
  organization_id: string
  code: string
  name: string
}
