import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName } from '../decoded-payload.ts'
import { readDeviceClock } from '../device-clock.ts'
import { type Draft, doubt, newDraft, noteUnit, type Outcome, rejected } from '../draft.ts'
import type { Message, Scope } from '../message.ts'
import { chooseOutlet, isBeyondFirst } from '../outlets.ts'
import { addTotals, PHASE_NAMES, phaseOfDraft } from '../phases.ts'
import type { Finding, Found } from './finding.ts'

/** What all outlets of a device have in common; the rest of an unsplit message belongs to the device as a whole. */
const SHARED: ReadonlySet<NumericMeasurement | null> = new Set<NumericMeasurement | null>(['voltage', 'frequency'])
/** Two values for one measurement that differ by less are one. */
const SAME = 0.005

/** Makes a reading of what was found: this socket's outlet, phases apart from totals, one value for each measurement. */
export function assemble(found: Found, message: Message, scope: Scope): Outcome {
  if (found.severalReadings) {
    return rejected('unsupported-payload', 'the message is a list of readings of different times; one is expected')
  }
  const draft = newDraft(false)
  const placed = placeIndices(resolveAmperes(found.findings), scope, draft)
  const own = ownOutlet(placed, scope, draft)
  if (!Array.isArray(own)) return own as Outcome
  const findings = own as readonly Finding[]
  for (const name of found.doubts) doubt(draft.quality, name)
  fill(draft, findings, scope)
  const outlets = new Set(findings.flatMap(({ outlet }) => outlet ?? []))
  for (const [name, outlet, value] of found.extras) {
    if (outlet === null || outlets.has(outlet)) draft.extra[name] ??= value
  }
  setClock(draft, found, outlets, message, scope)
  addTotals(draft, scope.limits.phases === 2 ? 2 : 3)
  return draft
}

/** `current_a` is phase A where there is a phase B or C beside it, else amperes. */
function resolveAmperes(findings: readonly Finding[]): readonly Finding[] {
  if (!findings.some(({ ampereOrPhase }) => ampereOrPhase)) return findings
  const phases = findings.some(({ phase }) => phase !== null)
  return findings.map((finding) => (finding.ampereOrPhase && phases ? { ...finding, phase: 'l1' as const } : finding))
}

/**
 * What numbers behind names count: `voltage_1`, `power_2`, lists. Phases, where the PDU has three or a voltage is given for each of
 * three and no outlet is chosen; else outlets.
 */
function placeIndices(findings: readonly Finding[], scope: Scope, draft: Draft): readonly Finding[] {
  const indexed = findings.filter(({ index }) => index !== null)
  if (indexed.length === 0) return findings
  const numbers = new Set(indexed.map(({ index }) => index))
  const three = numbers.size <= 3 && ['1', '2', '3'].filter((number) => numbers.has(number)).length === numbers.size
  const voltages = indexed.filter(({ measurement }) => measurement === 'voltage').length
  const outletsNamed = findings.some(({ outlet }) => outlet !== null)
  const relays = indexed.some(({ measurement }) => measurement === null)
  const phases =
    three &&
    !relays &&
    (outletsNamed || (scope.channel === null && (scope.limits.phases === 3 || (voltages === 3 && numbers.size === 3))))
  if (phases && !outletsNamed && scope.limits.phases !== 3) doubt(draft.quality, 'phases-assumed')
  return findings.map((finding) => {
    if (finding.index === null) return finding
    if (!phases) return { ...finding, outlet: finding.outlet ?? finding.index }
    return { ...finding, phase: PHASE_NAMES[Number(finding.index) - 1] as PhaseName }
  })
}

/** The findings of this socket's outlet, with those that all outlets share. */
function ownOutlet(findings: readonly Finding[], scope: Scope, draft: Draft): readonly Finding[] | Outcome {
  const labels = [...new Set(findings.flatMap(({ outlet }) => outlet ?? []))]
  if (labels.length === 0) return unsplit(findings, scope, draft)
  const chosen = chooseOutlet(scope, labels, true)
  if (typeof chosen !== 'number') return chosen
  const label = labels[chosen]
  return findings.filter(
    ({ outlet, measurement }) =>
      outlet === label || (outlet === null && (labels.length === 1 || SHARED.has(measurement))),
  )
}

/**
 * A message without outlets, and a socket that is one of several: only the first can be meant by a device with one outlet. For
 * any other the totals of the device would be taken for the socket's.
 */
function unsplit(findings: readonly Finding[], scope: Scope, draft: Draft): readonly Finding[] {
  if (!isBeyondFirst(scope.channel)) return findings
  const shared = findings.filter(({ measurement }) => SHARED.has(measurement))
  for (const { measurement } of findings) {
    if (!SHARED.has(measurement)) doubt(draft.quality, `not-split-by-channel:${measurement ?? 'relay_on'}`)
  }
  return shared
}

function fill(draft: Draft, findings: readonly Finding[], scope: Scope): void {
  const phases = new Set(
    findings.flatMap(({ phase }) => (phase === 'line' || phase === 'neutral' ? [] : (phase ?? []))),
  )
  for (const phase of phases) {
    const set = chooseValues(
      findings.filter((finding) => finding.phase === phase),
      draft,
    )
    Object.assign(phaseOfDraft(draft, phase), set)
  }
  Object.assign(
    draft.measurements,
    chooseValues(
      findings.filter(({ phase }) => phase === null),
      draft,
    ),
  )
  // One phase only: what it has is what the socket has, unless the PDU has more.
  const [only] = phases
  if (phases.size === 1 && only !== undefined && (scope.limits.phases ?? 1) === 1) {
    const set = draft.phases?.[only] ?? {}
    for (const [name, value] of Object.entries(set)) {
      draft.measurements[name as NumericMeasurement] ??= value as number
    }
  }
}

/** One value for each measurement: that with a unit, then the better name, then the one further up. */
function chooseValues(findings: readonly Finding[], draft: Draft): Measurements {
  const chosen: Measurements = {}
  const best = new Map<NumericMeasurement | null, Finding>()
  const unclear = new Set<NumericMeasurement | null>()
  for (const finding of findings) {
    const known = best.get(finding.measurement)
    const order = known === undefined ? 1 : compare(finding, known)
    if (order > 0) {
      best.set(finding.measurement, finding)
      if (known !== undefined) unclear.delete(finding.measurement)
    } else if (order === 0 && known !== undefined && !same(finding.value, known.value)) unclear.add(finding.measurement)
  }
  for (const [measurement, { value, unitKnown }] of best) {
    if (unclear.has(measurement)) doubt(draft.quality, `ambiguous:${measurement ?? 'relay_on'}`)
    else if (measurement === null) chosen.relay_on = value as boolean
    else {
      chosen[measurement] = value as number
      if (unitKnown) noteUnit(draft, measurement)
    }
  }
  return chosen
}

const compare = (one: Finding, other: Finding): number =>
  Number(one.unitKnown) - Number(other.unitKnown) || one.rank - other.rank || other.depth - one.depth

function same(one: number | boolean, other: number | boolean): boolean {
  if (typeof one === 'boolean' || typeof other === 'boolean') return one === other
  return Math.abs(one - other) <= SAME * Math.max(Math.abs(one), Math.abs(other))
}

function setClock(draft: Draft, found: Found, outlets: ReadonlySet<string>, message: Message, scope: Scope): void {
  const own = found.clocks.filter(({ outlet }) => outlet === null || outlets.has(outlet))
  const clocks = own.toSorted((one, other) => one.depth - other.depth || other.rank - one.rank)
  let invalid = false
  for (const { value } of clocks) {
    const clock = readDeviceClock(value, scope.timezone, message.receivedAt)
    if (clock.kind === 'time') {
      draft.measuredAt = clock.at
      return
    }
    invalid ||= clock.kind === 'invalid'
  }
  if (invalid) doubt(draft.quality, 'clock-invalid')
}
