import { type ClockReading, plausibleClock, readDeviceClock, wallClock } from '../device-clock.ts'
import { readNumber } from '../numbers.ts'

/** Reads a device's clock as the mapping says it is written. */
export type TimestampReader = (value: unknown, timezone: string, receivedAt: Date) => ClockReading

const PARTS = ['YYYY', 'MM', 'DD', 'HH', 'mm', 'ss'] as const
type Part = (typeof PARTS)[number] | 'SSS'
type Segment = { readonly part: Part; readonly digits: number } | { readonly literal: string }

const NAMED = new Set(['auto', 'iso', 'epoch-seconds', 'epoch-milliseconds'])
const TOKEN = /YYYY|MM|DD|HH|mm|ss|SSS/g

/** Why a format cannot be used, or null. */
export function formatProblem(format: string): string | null {
  if (NAMED.has(format)) return null
  const parts: readonly string[] = format.match(TOKEN) ?? []
  if (parts.length === 0) {
    return `is neither ${[...NAMED].join(', ')} nor a pattern of YYYY MM DD HH mm ss SSS`
  }
  const missing = ['YYYY', 'MM', 'DD'].filter((part) => !parts.includes(part))
  if (missing.length > 0) return `lacks ${missing.join(', ')}`
  const twice = parts.find((part, index) => parts.indexOf(part) !== index)
  return twice === undefined ? null : `has ${twice} twice`
}

/** A reader for a format that has no problem. */
export function compileTimestamp(format: string): TimestampReader {
  switch (format) {
    case 'auto':
      return readDeviceClock
    case 'iso':
      return (value, timezone, receivedAt) =>
        typeof value === 'string' && /^\d{4}-/.test(value.trim())
          ? readDeviceClock(value, timezone, receivedAt)
          : absentOrInvalid(value)
    case 'epoch-seconds':
    case 'epoch-milliseconds': {
      const scale = format === 'epoch-seconds' ? 1_000 : 1
      return (value, _timezone, receivedAt) => {
        const number = readNumber(value)
        return typeof number === 'number'
          ? plausibleClock(Math.round(number * scale), receivedAt)
          : absentOrInvalid(value)
      }
    }
    default: {
      const segments = segmentsOf(format)
      return (value, timezone, receivedAt) =>
        typeof value === 'string' || typeof value === 'number'
          ? plausibleClock(read(String(value).trim(), segments, timezone), receivedAt)
          : absentOrInvalid(value)
    }
  }
}

const absentOrInvalid = (value: unknown): ClockReading =>
  value === undefined || value === null || value === '' ? { kind: 'absent' } : { kind: 'invalid' }

function segmentsOf(format: string): readonly Segment[] {
  const segments: Segment[] = []
  let at = 0
  for (const match of format.matchAll(TOKEN)) {
    if (match.index > at) segments.push({ literal: format.slice(at, match.index) })
    segments.push({ part: match[0] as Part, digits: match[0].length })
    at = match.index + match[0].length
  }
  if (at < format.length) segments.push({ literal: format.slice(at) })
  return segments
}

/** Compares by hand: a pattern of a user must not become an expression. */
function read(text: string, segments: readonly Segment[], timezone: string): number | null {
  const values: Record<Part, number> = { YYYY: 0, MM: 1, DD: 1, HH: 0, mm: 0, ss: 0, SSS: 0 }
  let at = 0
  for (const segment of segments) {
    if ('literal' in segment) {
      if (!text.startsWith(segment.literal, at)) return null
      at += segment.literal.length
      continue
    }
    const digits = text.slice(at, at + segment.digits)
    if (digits.length !== segment.digits || !/^\d+$/.test(digits)) return null
    values[segment.part] = Number(digits)
    at += segment.digits
  }
  if (at !== text.length) return null
  const { YYYY, MM, DD, HH, mm, ss, SSS } = values
  const time = wallClock([YYYY, MM, DD, HH, mm, ss], timezone)
  return time === null ? null : time + SSS
}
