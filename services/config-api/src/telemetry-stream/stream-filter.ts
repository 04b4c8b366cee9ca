import type { MeasurementName } from '@iomt/contracts/measurements'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

/** From the most to the least telling: a reading is looked up by each of its ids, a filter is kept under its first. */
const LEVELS = ['device_id', 'socket_id', 'pdu_id', 'department_id', 'organization_id'] as const
type Level = (typeof LEVELS)[number]

/** Which readings a client wants; null: any. The organization is always set for a key that is bound to one. */
export type StreamFilter = { readonly [Name in Level]: string | null } & {
  /** Readings without any of these are left out. */
  readonly measurements: readonly MeasurementName[] | null
}

/** Stands for "any reading" where an id would stand. */
const ANY = ''

/** What the filter is kept under: a reading that passes has this among its {@link lookups}. */
export function lookupOf(filter: StreamFilter): string {
  const level = LEVELS.find((name) => filter[name] !== null)
  return level === undefined ? ANY : (filter[level] as string)
}

/** Under which keys filters that may let the reading pass are found; ids are unique over all kinds of things. */
export function lookups(message: TelemetryMessage): string[] {
  const keys = [ANY]
  for (const level of LEVELS) {
    const id = message[level]
    if (id !== null) keys.push(id)
  }
  return keys
}

export function passes(filter: StreamFilter, message: TelemetryMessage): boolean {
  for (const level of LEVELS) {
    if (filter[level] !== null && filter[level] !== message[level]) return false
  }
  return filter.measurements === null || filter.measurements.some((name) => message.measurements[name] !== undefined)
}

/** The same for filters whose clients get the same bytes. */
export function filterKey(filter: StreamFilter): string {
  return [...LEVELS.map((level) => filter[level] ?? ''), filter.measurements?.join(',') ?? ''].join('|')
}
