import type { JSONColumnType } from 'kysely'

/** Columns of the normalised measurements; units in `@iomt/contracts/measurements`. Null: the reading did not carry it. */
export interface MeasurementColumns {
  voltage: number | null
  current: number | null
  active_power: number | null
  apparent_power: number | null
  reactive_power: number | null
  power_factor: number | null
  frequency: number | null
  energy: number | null
  temperature: number | null
  relay_on: boolean | null
  phases: JSONColumnType<Record<string, unknown> | null, string | null, string | null>
  extra: JSONColumnType<Record<string, unknown> | null, string | null, string | null>
}
