import { parseInstant } from '@iomt/contracts/instant'

/** What a device's timestamp says: a time, nothing (absent), or nonsense. */
export type ClockReading =
  | { readonly kind: 'time'; readonly at: Date }
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid' }

const ABSENT: ClockReading = { kind: 'absent' }
const INVALID: ClockReading = { kind: 'invalid' }

const MINUTE = 60_000

/** Ahead of the gateway's clock by more than this is a wrong clock; it would keep newer readings out of current state. */
const MAX_AHEAD = 5 * MINUTE

/** Nothing that publishes over MQTT to us is older: 1970 is a clock that was never set, small numbers are an uptime. */
const EARLIEST = Date.UTC(2015, 0, 1)

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?$/i
/** Of `2026-11-23T10:00:00`. */
const LOCAL_LENGTH = 19
/** The field's own form: `HH:mm:ss DD/MM/YYYY` in the PDU's time zone. */
const FIELD_FORM = /^(\d\d?):(\d\d):(\d\d) (\d\d?)\/(\d\d?)\/(\d{4})$/
/** With the year first, or with points, day and month cannot be mistaken; with slashes and the year last they can. */
const YEAR_FIRST = /^(\d{4})[/.](\d\d?)[/.](\d\d?)[T ](\d\d?):(\d\d)(?::(\d\d))?$/
const WITH_POINTS = /^(\d\d?)\.(\d\d?)\.(\d{4})[T ](\d\d?):(\d\d)(?::(\d\d))?$/
const COMPACT = /^(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)(Z?)$/i
const DIGITS = /^\d{10,19}(?:\.\d+)?$/

/**
 * Reads a `timestamp` field: ISO 8601 (without a zone: local time of the PDU), epoch seconds or milliseconds as number or
 * text, or `HH:mm:ss DD/MM/YYYY` in the PDU's time zone.
 */
export function readDeviceClock(value: unknown, timezone: string, receivedAt: Date): ClockReading {
  if (value === undefined || value === null || value === '') return ABSENT
  const at =
    typeof value === 'number' ? fromEpoch(value) : typeof value === 'string' ? fromText(value.trim(), timezone) : null
  return plausibleClock(at, receivedAt)
}

/** Epoch milliseconds as a reading's time, or nonsense: 1970, an uptime, the future. */
export function plausibleClock(at: number | null, receivedAt: Date): ClockReading {
  if (at === null || at < EARLIEST || at > receivedAt.getTime() + MAX_AHEAD) return INVALID
  return { kind: 'time', at: new Date(at) }
}

function fromEpoch(value: number): number | null {
  // The same for microseconds (1e14 is 1973) and nanoseconds (1e17).
  if (value >= 1e17) return Math.round(value / 1_000_000)
  if (value >= 1e14) return Math.round(value / 1_000)
  // 1e11 s is the year 5138, 1e11 ms is 1973: between the two there is no doubt.
  if (value >= 1e11) return Math.round(value)
  return value >= 1e9 ? Math.round(value * 1_000) : null
}

function fromText(text: string, timezone: string): number | null {
  // What most devices with a clock send, read at a third of the cost. Every month has 28 days; others are checked below.
  if (text.slice(8, 10) <= '28') {
    const withoutZone = text.length === LOCAL_LENGTH
    const instant = parseInstant(withoutZone ? `${text}.000Z` : text)
    if (!Number.isNaN(instant)) return withoutZone ? localToUtc(instant, timezone) : instant
  }
  const iso = ISO.exec(text)
  if (iso) {
    const [, year, month, day, hour, minute, second = '0', fraction = '0', zone] = iso
    const wall = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
    if (wall === null) return null
    const milliseconds = Math.trunc(Number(`0.${fraction}`) * 1_000)
    return (zone ? wall - zoneOffset(zone) : localToUtc(wall, timezone)) + milliseconds
  }
  const compact = COMPACT.exec(text)
  // 14 digits from 2015 on are a date: as epoch microseconds they would be 1970.
  if (compact && text.startsWith('20')) return local(compact.slice(1, 7), compact[7] === '' ? timezone : 'UTC')
  if (DIGITS.test(text)) return fromEpoch(Number(text))
  const yearFirst = YEAR_FIRST.exec(text)
  if (yearFirst) return local(yearFirst.slice(1), timezone)
  const points = WITH_POINTS.exec(text)
  if (points) return local([points[3], points[2], points[1], ...points.slice(4)], timezone)
  const field = FIELD_FORM.exec(text)
  if (!field) return null
  const [, hour, minute, second, day, month, year] = field
  return local([year, month, day, hour, minute, second], timezone)
}

/** Epoch milliseconds of a wall clock in a zone: year, month, day, hour, minute, second; null when there is no such time. */
export function wallClock(
  parts: readonly [number, number, number, number, number, number],
  timezone: string,
): number | null {
  const wall = utc(...parts)
  return wall === null ? null : localToUtc(wall, timezone)
}

/** The same from the texts of an expression's groups. */
function local(parts: ReadonlyArray<string | undefined>, timezone: string): number | null {
  const [year, month, day, hour, minute, second] = parts.map((part) => Number(part ?? '0')) as [
    number,
    number,
    number,
    number,
    number,
    number | undefined,
  ]
  return wallClock([year, month, day, hour, minute, second ?? 0], timezone)
}

/** The parts as if they were UTC, or null when there is no such time (31 February, 25:00). */
function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number | null {
  if (hour > 23 || minute > 59 || second > 60) return null
  const time = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(time)
  const exists = date.getUTCMonth() === month - 1 && (date.getUTCDate() === day || hour === 23)
  return exists ? time : null
}

function zoneOffset(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))
  return (digits.startsWith('-') ? -minutes : minutes) * MINUTE
}

/**
 * Local wall time to UTC. In the repeated hour of autumn the first occurrence counts; a wall time that spring skipped is
 * taken as if the clock had not been moved yet.
 */
function localToUtc(local: number, timezone: string): number {
  const before = offsetAt(local - 24 * 60 * MINUTE, timezone)
  const candidate = local - before
  if (offsetAt(candidate, timezone) === before) return candidate
  const later = local - offsetAt(candidate, timezone)
  return offsetAt(later, timezone) === local - later ? later : candidate
}

/** Whether this machine knows an IANA zone. */
export function isTimeZone(name: string): boolean {
  try {
    formatFor(name)
    return true
  } catch {
    return false
  }
}

const QUARTER_HOUR = 15 * MINUTE
const QUARTERS_KEPT = 10_000
const formats = new Map<string, Intl.DateTimeFormat>()
/** By zone and quarter hour. */
const offsets = new Map<string, Map<number, number>>()

/** A zone's offset from UTC at a time, in ms. Offsets change on quarter hours only, so one is kept for each (5 µs → 0.05 µs). */
function offsetAt(time: number, timezone: string): number {
  const quarter = Math.floor(time / QUARTER_HOUR)
  let ofZone = offsets.get(timezone)
  const known = ofZone?.get(quarter)
  if (known !== undefined) return known
  if (ofZone === undefined || ofZone.size > QUARTERS_KEPT) {
    ofZone = new Map()
    offsets.set(timezone, ofZone)
  }
  const parts = Object.fromEntries(
    formatFor(timezone)
      .formatToParts(quarter * QUARTER_HOUR)
      .map((part) => [part.type, Number(part.value)]),
  )
  const wall = Date.UTC(
    parts.year as number,
    (parts.month as number) - 1,
    parts.day as number,
    parts.hour as number,
    parts.minute as number,
    parts.second as number,
  )
  const offset = wall - quarter * QUARTER_HOUR
  ofZone.set(quarter, offset)
  return offset
}

function formatFor(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timezone, format)
  }
  return format
}
