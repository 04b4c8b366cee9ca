import { isEmpty } from '@iomt/contracts/is-empty'
import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName, Phases } from './decoded-payload.ts'
import { type Draft, numberIn } from './draft.ts'
import { rounded } from './units.ts'

export const PHASE_NAMES: readonly PhaseName[] = ['l1', 'l2', 'l3']

/** Quantities of which the phases add up. Voltage, current and power factor do not: only a published total is one. */
const ADDING: readonly NumericMeasurement[] = ['active_power', 'apparent_power', 'reactive_power', 'energy']

/** The set of a phase, made when it is not there yet. */
export function phaseOfDraft(draft: Draft, phase: PhaseName): Measurements {
  draft.phases ??= {}
  let set = draft.phases[phase]
  if (set === undefined) {
    set = {}
    draft.phases[phase] = set
  }
  return set
}

/** An array with one number a phase. */
export function putPhases(draft: Draft, name: NumericMeasurement, values: readonly unknown[], divide = 1): void {
  for (const [index, value] of values.slice(0, 3).entries()) {
    const number = numberIn(draft, name, value, divide)
    if (number !== null) phaseOfDraft(draft, PHASE_NAMES[index] as PhaseName)[name] = number
  }
}

/**
 * Totals that the device did not publish: sums of what adds up, where every phase of the message has it; the frequency where
 * the phases agree, since a grid has one. Frequency then leaves the phases. `count`: with fewer phases there is no sum, since
 * one may be missing.
 */
export function addTotals(draft: Draft, count = 3): void {
  const { phases, measurements } = draft
  if (phases === null) return
  const sets: Measurements[] = []
  for (const phase of PHASE_NAMES) {
    const set = phases[phase]
    if (set !== undefined) sets.push(set)
  }
  if (sets.length >= count) {
    for (const name of ADDING) {
      if (measurements[name] !== undefined) continue
      let sum = 0
      for (const set of sets) sum += set[name] ?? Number.NaN
      if (Number.isFinite(sum)) measurements[name] = rounded(sum)
    }
  }
  addFrequency(draft, phases, sets)
}

function addFrequency(draft: Draft, phases: Phases, sets: readonly Measurements[]): void {
  let lowest = Number.POSITIVE_INFINITY
  let highest = 0
  let first: number | undefined
  for (const { frequency } of sets) {
    // A phase that is not connected has 0 Hz.
    if (frequency === undefined) continue
    if (first === undefined || first === 0) first = frequency
    if (frequency !== 0) {
      lowest = Math.min(lowest, frequency)
      highest = Math.max(highest, frequency)
    }
  }
  if (first === undefined || highest - lowest > 0.5) return
  draft.measurements.frequency ??= first
  for (const phase of PHASE_NAMES) {
    const set = phases[phase]
    if (set === undefined || set.frequency === undefined) continue
    const { frequency: _, ...rest } = set
    if (isEmpty(rest)) delete phases[phase]
    else phases[phase] = rest
  }
  if (isEmpty(phases)) draft.phases = null
}
