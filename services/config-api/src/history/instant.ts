import { invalidField } from '../changes/refusal.ts'

/** Clocks of devices run ahead by at most 5 minutes: a reading arrives at the latest so long before it was "measured". */
export const CLOCK_AHEAD = 300_000

/** Nothing was measured later; far below the year 10,000, which neither ISO 8601 nor Postgres writes like the others. */
const LATEST = Date.UTC(3_000, 0)

/**
 * A time of a query; null when it is not there. A distant future ("for ever") becomes the year 3000.
 * @throws Refusal for a time before 1970.
 */
export function readInstant(pointer: string, text: string | undefined): Date | null {
  if (text === undefined) return null
  const time = Date.parse(text)
  if (!(time >= 0)) throw invalidField(pointer, 'must be a time since 1970')
  return new Date(Math.min(time, LATEST))
}
