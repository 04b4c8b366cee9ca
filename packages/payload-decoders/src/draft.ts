import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { IgnoredReason, Phases, Rejection } from './decoded-payload.ts'
import { quantityOfText, readNumber, readSwitch } from './numbers.ts'
import { divided, toCanonical } from './units.ts'

/** A reading in the making. */
export interface Draft {
  readonly outcome: 'reading'
  readonly measurements: Measurements
  phases: Phases | null
  readonly extra: Record<string, unknown>
  readonly quality: string[]
  measuredAt: Date | null
  partial: boolean
  /** True: the units are the vendor's documented ones. False: names without units, so that numbers must prove themselves. */
  unitsKnown: boolean
  /** Measurements whose unit was written in the message, where {@link unitsKnown} is false. */
  withUnit: Set<NumericMeasurement> | null
  /** The message is of the field system's own form, which is for sockets of any kind, direct current among them. */
  ownForm: boolean
}

export interface Rejected extends Rejection {
  readonly outcome: 'rejected'
}

/** What a decoder makes of a message that is its own. */
export type Outcome =
  | Draft
  | Rejected
  | { readonly outcome: 'status'; readonly online: boolean; readonly detail: string }
  | { readonly outcome: 'ignored'; readonly reason: IgnoredReason; readonly detail: string }

export function newDraft(unitsKnown: boolean): Draft {
  return {
    outcome: 'reading',
    measurements: {},
    phases: null,
    extra: {},
    quality: [],
    measuredAt: null,
    partial: false,
    unitsKnown,
    withUnit: null,
    ownForm: false,
  }
}

/** Remembers that a measurement's unit was written beside it. */
export function noteUnit(draft: Draft, name: NumericMeasurement): void {
  draft.withUnit ??= new Set()
  draft.withUnit.add(name)
}

export const rejected = (reason: Rejection['reason'], detail: string): Rejected => ({
  outcome: 'rejected',
  reason,
  detail,
})

export const ignored = (reason: IgnoredReason, detail: string): Outcome => ({ outcome: 'ignored', reason, detail })

/** Names a doubt once. */
export function doubt(quality: string[], name: string): void {
  if (!quality.includes(name)) quality.push(name)
}

/**
 * Sets a measurement from what a device wrote: a number, a number in text, with its own unit behind it (`"230.1 V"`). `divide`
 * is the vendor's scale (1,000 for mA). Absent stays absent; what is no number is a doubt.
 */
export function put(draft: Draft, name: NumericMeasurement, value: unknown, divide = 1): void {
  const number = numberIn(draft, name, value, divide)
  if (number !== null) draft.measurements[name] = number
}

/** The same into any set of measurements: a phase. */
export function putInto(
  target: Measurements,
  draft: Draft,
  name: NumericMeasurement,
  value: unknown,
  divide = 1,
): void {
  const number = numberIn(draft, name, value, divide)
  if (number !== null) target[name] = number
}

/** The canonical number of a measurement, or null when there is none (and then a doubt, unless it is an absence). */
export function numberIn(draft: Draft, name: NumericMeasurement, value: unknown, divide: number): number | null {
  if (value === undefined) return null
  if (typeof value === 'number') return divided(value, divide)
  const number = readNumber(value)
  if (number === null) return null
  if (number !== undefined) return divided(number, divide)
  const quantity = typeof value === 'string' ? quantityOfText(value) : undefined
  if (quantity?.unit.dimension === name) return toCanonical(quantity.value, quantity.unit)
  doubt(draft.quality, `invalid:${name}`)
  return null
}

/** Sets the relay's state; what is neither on nor off is left out. */
export function putRelay(draft: Draft, value: unknown): void {
  const on = readSwitch(value)
  if (on !== null) draft.measurements.relay_on = on
}

/** A finite number into `extra`, scaled. */
export function putExtra(draft: Draft, name: string, value: unknown, divide = 1): void {
  const number = value === undefined ? null : readNumber(value)
  if (typeof number === 'number') draft.extra[name] = divided(number, divide)
}

/** True when the draft says anything at all. */
export function isFilled(draft: Draft): boolean {
  for (const _name in draft.measurements) return true
  return draft.phases !== null
}
