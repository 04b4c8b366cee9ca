import type { NumericMeasurement } from '@iomt/contracts/measurements'

/**
 * What became of one measurement in a bucket. `min`, `max`, `sum` and `last` are null when no reading carried it; the
 * average is sum / count.
 */
type RollupValues = { [Column in `${NumericMeasurement}_count`]: number } & {
  [Column in `${NumericMeasurement}_${'min' | 'max' | 'sum' | 'last'}`]: number | null
}

/** One socket (and the device on it, if any) in one minute, hour or day (UTC); only buckets with readings have a row. */
export interface TelemetryRollupsTable extends RollupValues {
  /** Start of the minute, hour or day. */
  bucket: Date
  socket_id: string
  /** The device that was assigned when the readings arrived. */
  device_id: string | null
  readings: number
  /** `measured_at` of the first and the last reading. */
  first_at: Date
  last_at: Date
  /** First value of the counter in the bucket, kWh. */
  energy_first: number | null
  /**
   * kWh between readings of this device inside the bucket, without those of another in between; after a fall of the counter its
   * new value counts.
   */
  energy_delta: number | null
  /** kWh between the last reading of another device and the next of this one, inside the bucket: of the socket, and of no device. */
  energy_handover: number | null
  relay_on_count: number
  relay_on_true: number
  relay_on_last: boolean | null
}
