import type { RowColumns } from './organizations.ts'

export interface DevicesTable extends RowColumns {
  id: string
  organization_id: string
  name: string
  serial_number: string | null
  asset_tag: string | null
  device_type: string | null
  manufacturer: string | null
  model: string | null
}
