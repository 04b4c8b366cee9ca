import { dayOf, isPlausibleDay } from '../partitions/day.ts'
import type { Reading } from '../store/reading.ts'

const MINUTE = 60_000

/** What a batch changes in one minute. */
export interface TouchedMinute {
  readonly sockets: Set<string>
  /** When the earliest of its readings was received, in ms since 1970. */
  receivedFrom: number
}

/**
 * The minutes (milliseconds since 1970) whose rollups the readings change. Left out are retained snapshots without a
 * device clock, which measure nothing new, and clocks in another century.
 */
export function touchedMinutes(readings: readonly Reading[]): Map<number, TouchedMinute> {
  const minutes = new Map<number, TouchedMinute>()
  for (const { socketId, retained, measuredAtSource, measuredAt, receivedAt } of readings) {
    if (retained && measuredAtSource === 'received') continue
    if (!isPlausibleDay(dayOf(measuredAt))) continue
    const minute = Math.floor(measuredAt / MINUTE) * MINUTE
    const touched = minutes.get(minute)
    if (touched === undefined) {
      minutes.set(minute, { sockets: new Set([socketId]), receivedFrom: receivedAt })
    } else {
      touched.sockets.add(socketId)
      if (receivedAt < touched.receivedFrom) touched.receivedFrom = receivedAt
    }
  }
  return minutes
}
