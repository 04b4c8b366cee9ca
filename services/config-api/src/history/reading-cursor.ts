import { isoTime } from '../readings/row-json.ts'

/** In between, Postgres and JavaScript have the same calendar, and years of four digits. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z')
const LATEST = Date.UTC(3_000, 0)

/**
 * The text of a `timestamptz` as microseconds since 1970, for a cursor. A text that comes back may be a time for JavaScript and
 * none for Postgres (30 February, an offset of 20 hours), whose error would be ours; of a number both think the same.
 */
export function microsecondsOf(text: string): string {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  const within = BigInt(fraction.padEnd(6, '0').slice(3))
  return String(BigInt(Date.parse(isoTime(text))) * 1_000n + within)
}

/** The same time as Postgres writes it in UTC; null when nothing can have been measured then. */
export function timeOf(microseconds: string): string | null {
  const count = BigInt(microseconds)
  // What is left of a millisecond, also before 1970.
  const within = ((count % 1_000n) + 1_000n) % 1_000n
  const time = Number((count - within) / 1_000n)
  if (time < EARLIEST || time > LATEST) return null
  const text = new Date(time).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 23)}${String(within).padStart(3, '0')}+00`
}
