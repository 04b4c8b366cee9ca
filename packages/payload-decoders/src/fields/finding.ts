import type { NumericMeasurement } from '@iomt/contracts/measurements'
import type { Unit } from '../units.ts'
import type { KeyMeaning } from './key-meaning.ts'
import type { Atom } from './vocabulary.ts'

/** A value of the payload that means something, in canonical units. */
export interface Finding {
  /** Null: the relay. */
  readonly measurement: NumericMeasurement | null
  readonly value: number | boolean
  /** The unit was written beside it. */
  readonly unitKnown: boolean
  readonly phase: KeyMeaning['phase']
  readonly index: string | null
  readonly outlet: string | null
  readonly ampereOrPhase: boolean
  readonly rank: number
  readonly depth: number
}

/** Everything found in a payload. */
export interface Found {
  readonly findings: Finding[]
  /** Known values that are none of our measurements, by their name in `extra`. */
  readonly extras: Array<readonly [name: string, outlet: string | null, value: number]>
  readonly clocks: Array<{
    readonly value: unknown
    readonly rank: number
    readonly depth: number
    readonly outlet: string | null
  }>
  readonly doubts: string[]
  /** Single letters as names in lists, which count together or not at all. */
  readonly letters: Finding[]
  /** Fields that were recognised, also where they had no value. */
  known: number
  /** The payload is a list of readings of different moments. */
  severalReadings: boolean
}

/** Where the search is. */
export interface Place {
  readonly above: readonly Atom[]
  readonly outlet: string | null
  /** Unit that an object names for the values below it. */
  readonly unit: Unit | null
  readonly depth: number
}

export const newFound = (): Found => ({
  findings: [],
  extras: [],
  clocks: [],
  doubts: [],
  letters: [],
  known: 0,
  severalReadings: false,
})

export function merge(found: Found, part: Found, outlet: string | null): void {
  const placed = <Part extends { readonly outlet: string | null }>(one: Part): Part =>
    outlet === null ? one : { ...one, outlet: one.outlet ?? outlet }
  found.findings.push(...part.findings.map(placed))
  found.letters.push(...part.letters.map(placed))
  found.clocks.push(...part.clocks.map(placed))
  for (const [name, own, value] of part.extras) found.extras.push([name, own ?? outlet, value])
  found.doubts.push(...part.doubts)
  found.known += part.known
  found.severalReadings ||= part.severalReadings
}

/** True when two elements carry the same quantity: then they are outlets, phases or moments, else parts of one reading. */
export function repeats(parts: readonly Found[]): boolean {
  const seen = new Set<string>()
  for (const { findings } of parts) {
    const own = new Set(
      findings.map(({ measurement, phase, index, outlet }) => `${measurement} ${phase} ${index} ${outlet}`),
    )
    for (const name of own) {
      if (seen.has(name)) return true
      seen.add(name)
    }
  }
  return false
}

export function doubtful(found: Found, what: string, measurement: NumericMeasurement | null): null {
  if (measurement !== null) found.doubts.push(`${what}:${measurement}`)
  return null
}
