import { MEASUREMENT_NAMES, type MeasurementName } from '@iomt/contracts/measurements'

/** What Postgres knows and JSON does not. */
const NO_NUMBER: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity'])

/** Whether a column of numbers holds one that JSON knows. */
export function isNumberText(text: string): boolean {
  return !NO_NUMBER.has(text)
}

/** Measurements as JSON text, from the text of their columns in this order: 0 and false are values, null is none. */
export function measurementsJson(
  values: readonly (string | null)[],
  first = 0,
  measurements: readonly MeasurementName[] = MEASUREMENT_NAMES,
): string {
  let text = ''
  for (let index = 0; index < measurements.length; index += 1) {
    const value = values[first + index]
    if (value === null || value === undefined || !isNumberText(value)) continue
    const name = measurements[index] as MeasurementName
    text += `${text === '' ? '' : ','}"${name}":${name === 'relay_on' ? booleanJson(value) : value}`
  }
  return `{${text}}`
}

export function booleanJson(value: string | null): 'true' | 'false' {
  return value === 't' ? 'true' : 'false'
}

/** The text of a `timestamptz` (`2026-11-23 09:00:00.1234+00`) as RFC 3339 in UTC with milliseconds. */
export function isoTime(text: string): string {
  if (!text.endsWith('+00')) return new Date(parseableTime(text)).toISOString()
  const fraction = text.length > 22 ? text.slice(20, -3).padEnd(3, '0').slice(0, 3) : '000'
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`
}

/** The same for `Date.parse`. The offset is that of the session's time zone: `+00`, `+07`, `+05:30`. */
function parseableTime(text: string): string {
  return text.replace(' ', 'T').replace(/[+-]\d\d$/, '$&:00')
}
