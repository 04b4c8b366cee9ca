type Period = 'day' | 'month' | 'year'

/** A table whose partitions are whole UTC days, months or years of one of its times. */
export interface PartitionedTable {
  readonly name: string
  readonly period: Period
  /** Percent of a page that inserts fill; the rest is for new versions of rows that are updated often. Default: 100. */
  readonly fillFactor?: number
}

/** One partition; times are milliseconds since 1970. */
export interface Partition {
  readonly table: PartitionedTable
  /** `device_data_logs_20261123`, `telemetry_rollups_1m_202611`, `telemetry_rollups_1h_2026` */
  readonly name: string
  /** Inclusive. */
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

export const READINGS: PartitionedTable = { name: 'device_data_logs', period: 'day' }
export const MINUTE_ROLLUPS: PartitionedTable = { name: 'telemetry_rollups_1m', period: 'month' }
/** The rows of the open hour are updated every minute. */
export const HOUR_ROLLUPS: PartitionedTable = { name: 'telemetry_rollups_1h', period: 'year', fillFactor: 50 }

/** Digits of `20261123` that name a period. */
const NAME_DIGITS = { day: 8, month: 6, year: 4 } as const

/** The partition that holds an instant, or the one `offset` periods after it. */
export function partitionAt(table: PartitionedTable, milliseconds: number, offset = 0): Partition {
  const { name, period } = table
  const date = new Date(milliseconds)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const start = (shift: number) => {
    if (period === 'day') return Date.UTC(year, month, day + shift)
    return period === 'month' ? Date.UTC(year, month + shift, 1) : Date.UTC(year + shift, 0, 1)
  }
  const from = start(offset)
  const digits = new Date(from).toISOString().slice(0, 10).replaceAll('-', '').slice(0, NAME_DIGITS[period])
  return { table, name: `${name}_${digits}`, from, to: start(offset + 1) }
}
