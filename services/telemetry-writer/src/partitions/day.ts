import { type Partition, partitionAt, READINGS } from './partitioned-table.ts'

const DAY = 24 * 60 * 60 * 1_000

/** A UTC day as the number of days since 1970. */
export type Day = number

export function dayOf(milliseconds: number): Day {
  return Math.floor(milliseconds / DAY)
}

/** Where the readings of a day are. */
export function readingsOf(day: Day): Partition {
  return partitionAt(READINGS, day * DAY)
}

const FIRST = dayOf(Date.UTC(2000, 0, 1))
const LAST = dayOf(Date.UTC(2099, 11, 31))

/**
 * A day that a gateway's clock can mean. Not compared with the writer's own clock, which may be the wrong one: a reading
 * must not become a dead letter by that.
 */
export function isPlausibleDay(day: Day): boolean {
  return day >= FIRST && day <= LAST
}
