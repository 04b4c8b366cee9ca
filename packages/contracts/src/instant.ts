/** RFC 3339 with a zone. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i
const MINUTE = 60_000

let lastMinute = ''
let lastMinuteStart = Number.NaN

/**
 * Milliseconds since 1970 of an RFC 3339 time, NaN when the text is none. `Date.parse` and the expression cost 0.3 µs, and a
 * reading has three times to look at. Those that our services write differ from the last one only in their seconds, nearly
 * always: then the minute is known already.
 */
export function parseInstant(text: string): number {
  if (text.length !== 24 || text.charCodeAt(23) !== 90) return parseAny(text)
  if (lastMinute === '' || !text.startsWith(lastMinute)) {
    const milliseconds = parseAny(text)
    if (Number.isNaN(milliseconds)) return milliseconds
    lastMinute = text.slice(0, 17)
    lastMinuteStart = Math.floor(milliseconds / MINUTE) * MINUTE
    return milliseconds
  }
  const tens = digit(text, 17)
  const milliseconds = digit(text, 20) * 100 + digit(text, 21) * 10 + digit(text, 22)
  // 60 is a leap second, which `Date` does not know.
  if (!(tens < 6) || text.charCodeAt(19) !== 46) return parseAny(text)
  return lastMinuteStart + (tens * 10 + digit(text, 18)) * 1_000 + milliseconds
}

function parseAny(text: string): number {
  return DATE_TIME.test(text) ? Date.parse(text) : Number.NaN
}

/** 0 to 9, else NaN. */
function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48
  return value >= 0 && value <= 9 ? value : Number.NaN
}
