type Period = 'day' | 'month' | 'year'

/** A table whose partitions are whole UTC days, months or years of one of its times. */
export interface PartitionedTable {
  readonly name: string
  readonly period: Period
  /** Of each partition; Postgres takes none on the partitioned table itself. */
  readonly storageParameters: Readonly<Record<string, number>>
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

/**
 * Rows are inserted and, with their partition, dropped. Vacuuming after every fifth of growth would read and write the day's
 * pages once more in bursts, for a visibility map that no question here uses; against wraparound Postgres vacuums all the same.
 */
const INSERTED_ONLY = { autovacuum_vacuum_insert_threshold: -1, autovacuum_analyze_scale_factor: 0.5 }

export const READINGS: PartitionedTable = {
  name: 'device_data_logs',
  period: 'day',
  storageParameters: INSERTED_ONLY,
}
export const MINUTE_ROLLUPS: PartitionedTable = { name: 'telemetry_rollups_1m', period: 'month', storageParameters: {} }
/** The rows of the open hour are updated every minute: room for their new versions beside them. */
export const HOUR_ROLLUPS: PartitionedTable = {
  name: 'telemetry_rollups_1h',
  period: 'year',
  storageParameters: { fillfactor: 50 },
}

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
