import type { ColumnType } from 'kysely'
import type { MeasurementColumns } from './measurement-columns.ts'

/** One reading; partitioned by day on `timestamp`, when the gateway received it. */
export interface DeviceDataLogsTable extends MeasurementColumns {
  timestamp: Date
  id: string
  measured_at: Date
  device_id: string | null
  socket_id: string
  /** The payload as published. */
  data_json: ColumnType<unknown, string, string>
  quality: string[] | null
  measured_at_source: 'device' | 'received'
  decoder: string
  qos: number
  retained: boolean
}
