import type { Generated, JSONColumnType } from 'kysely'
import type { BrokerColumns } from './broker-columns.ts'
import type { RowColumns } from './organizations.ts'

export interface PowerDistributionUnitsTable extends RowColumns, BrokerColumns {
  id: string
  organization_id: string
  department_id: string | null
  code: string
  name: string
  location: JSONColumnType<Record<string, unknown>, string | undefined, string>
  specifications: JSONColumnType<Record<string, unknown>, string | undefined, string>
  timezone: Generated<string>
  mqtt_base_topic: string | null
}
