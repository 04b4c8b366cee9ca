import type { Generated } from 'kysely'
import type { MeasurementColumns } from './measurement-columns.ts'

/** The newest known value of each measurement of a device, merged field by field from its readings. */
export interface DeviceCurrentStateTable extends MeasurementColumns {
  device_id: string
  socket_id: string
  measured_at: Date
  last_seen_at: Date
  updated_at: Generated<Date>
}
