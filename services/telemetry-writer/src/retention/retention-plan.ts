import { HOUR_ROLLUPS, MINUTE_ROLLUPS, type PartitionedTable, READINGS } from '../partitions/partitioned-table.ts'

const DAY = 24 * 60 * 60 * 1_000

/** Days that something is kept; 0: for ever. */
export interface RetentionDays {
  readonly readings: number
  readonly minutes: number
  readonly hours: number
  readonly events: number
}

/** A table whose partitions end: `cutoff` is the time (ms since 1970) before which nothing is kept. */
export interface Expiry {
  readonly table: PartitionedTable
  readonly cutoff: number
}

/** What to drop at `now`; nothing for what is kept for ever. */
export function expiries(days: RetentionDays, now: number): Expiry[] {
  const all = [
    { table: READINGS, days: days.readings },
    { table: MINUTE_ROLLUPS, days: days.minutes },
    { table: HOUR_ROLLUPS, days: days.hours },
  ]
  return all.filter((each) => each.days > 0).map(({ table, days: kept }) => ({ table, cutoff: now - kept * DAY }))
}

/** Before which status events are deleted, in ms since 1970; null: never. */
export function eventCutoff(days: RetentionDays, now: number): number | null {
  return days.events > 0 ? now - days.events * DAY : null
}
