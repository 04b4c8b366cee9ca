import type { StreamReading } from './stream-reading.ts'

/** Two seconds at 2,000 readings a second; a client that catches up needs those of its last round trip only. */
const MAX_READINGS = 8_192
const MAX_BYTES = 16 * 1024 ** 2

/**
 * The last readings that live clients have got, so that one more client can step in without a gap: what it has not seen
 * yet comes from here, the rest live.
 */
export interface RecentReadings {
  add(reading: StreamReading): void
  /** Whether every reading after `sequence` is here. */
  reachBackTo(sequence: number): boolean
  after(sequence: number): Iterable<StreamReading>
  /** Forgets everything; what comes next follows on `sequence`. */
  restartAfter(sequence: number): void
}

export function createRecentReadings(maxReadings = MAX_READINGS, maxBytes = MAX_BYTES): RecentReadings {
  let readings: StreamReading[] = []
  /** Index of the oldest; those before it are forgotten and cut off now and then. */
  let start = 0
  let bytes = 0
  /** Everything after this sequence is here. */
  let floor = 0

  function forgetOldest(): void {
    const oldest = readings[start] as StreamReading
    start += 1
    bytes -= oldest.size
    floor = oldest.sequence
    if (start < maxReadings) return
    readings = readings.slice(start)
    start = 0
  }

  return {
    add(reading) {
      readings.push(reading)
      bytes += reading.size
      while (readings.length - start > maxReadings || (bytes > maxBytes && readings.length - start > 1)) forgetOldest()
    },
    reachBackTo: (sequence) => sequence >= floor,
    after(sequence) {
      let from = readings.length
      while (from > start && (readings[from - 1] as StreamReading).sequence > sequence) from -= 1
      return readings.slice(from)
    },
    restartAfter(sequence) {
      readings = []
      start = 0
      bytes = 0
      floor = sequence
    },
  }
}
