import { MEASUREMENT_NAMES, type Measurements } from '@iomt/contracts/measurements'

type MeasurementRow = { readonly [Name in (typeof MEASUREMENT_NAMES)[number]]: number | boolean | null }

/** The measurements that a row has, without the ones it does not: 0 and false are values, null is none. */
export function measurementsOf(row: MeasurementRow): Measurements {
  return Object.fromEntries(MEASUREMENT_NAMES.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]])))
}
