import type { NumericMeasurement } from '@iomt/contracts/measurements'
import { isAbsence, numberOfText, quantityOfText, readSwitch, switchWord } from '../numbers.ts'
import { AMBIGUOUS, toCanonical, type Unit } from '../units.ts'
import { doubtful, type Finding, type Found, type Place } from './finding.ts'
import { type KeyMeaning, measurementIn } from './key-meaning.ts'

/** Takes a value by what its key means: a finding, a relay's state, a clock, or nothing. */
export function readLeaf(
  found: Found,
  key: string,
  meaning: KeyMeaning,
  value: unknown,
  place: Place,
  beside: Unit | null,
): void {
  switch (meaning.kind) {
    case 'measurement': {
      const finding = readMeasurement(found, meaning, value, place, beside)
      if (finding) found.findings.push(finding)
      return
    }
    case 'part': {
      if (beside === null && place.unit === null) return
      const finding = readMeasurement(found, meaning, value, place, beside)
      if (finding) found.findings.push(finding)
      return
    }
    case 'relay':
    case 'weak-relay': {
      const on = relayState(key, meaning, value, place)
      if (on === null) return
      found.known += 1
      found.findings.push({
        measurement: null,
        value: on,
        unitKnown: true,
        phase: null,
        index: null,
        outlet: meaning.outlet ?? place.outlet,
        ampereOrPhase: false,
        rank: meaning.rank,
        depth: place.depth,
      })
      return
    }
    case 'clock':
      pushClock(found, value, meaning.rank, place)
      return
    case 'extra': {
      const finding = readMeasurement(found, meaning, value, place, beside)
      if (finding) found.extras.push([meaning.name, finding.outlet, finding.value as number])
      return
    }
    case 'letter':
    case 'unknown':
      return
    default:
      meaning.kind satisfies never
  }
}

export function pushClock(found: Found, value: unknown, rank: number, { depth, outlet }: Place): void {
  if (typeof value === 'string' || typeof value === 'number') found.clocks.push({ value, rank, depth, outlet })
}

/** `state` and the like are a relay's only with a word for it, or in the object of an outlet. */
function relayState(key: string, meaning: KeyMeaning, value: unknown, place: Place): boolean | null {
  if (meaning.kind === 'relay') return readSwitch(value)
  const outlet = meaning.outlet ?? place.outlet
  if (outlet !== null && !/status/i.test(key)) return readSwitch(value)
  if (typeof value === 'boolean') return /^(?:state|output)$/i.test(key) ? value : null
  return typeof value === 'string' ? switchWord(value) : null
}

/** The number of a measurement in canonical units; null when there is none. */
export function readMeasurement(
  found: Found,
  meaning: KeyMeaning,
  value: unknown,
  place: Place,
  beside: Unit | null,
): Finding | null {
  let { unit, measurement } = meaning
  let number: number | null | undefined
  if (typeof value === 'number') number = value
  else if (typeof value === 'string') {
    if (isAbsence(value)) number = null
    else {
      number = numberOfText(value)
      if (number === undefined) {
        const quantity = quantityOfText(value)
        if (quantity) {
          number = quantity.value
          unit = quantity.unit
        }
      }
    }
  } else if (value === null) number = null
  if (measurement !== null && meaning.kind !== 'letter') found.known += 1
  if (number === null) return null
  if (number === undefined) return notANumber(found, meaning, value, place)
  const named = unit ?? beside
  const settled = inUnit(measurement, named ?? place.unit, meaning.needsUnit)
  if (settled !== null) {
    measurement = settled.measurement
    unit = settled.unit
    number = toCanonical(number, settled.unit)
  } else if (named !== null || meaning.needsUnit || place.unit === AMBIGUOUS) {
    // Written, and contradicting the name or saying nothing; or needed, and not there.
    if (measurement !== null) found.extras.push([measurement, meaning.outlet ?? place.outlet, number])
    return doubtful(found, 'unit-ambiguous', measurement)
  }
  if (measurement === null) return null
  return {
    measurement,
    value: number,
    unitKnown: settled !== null,
    phase: meaning.phase,
    index: meaning.index,
    outlet: meaning.outlet ?? place.outlet,
    ampereOrPhase: meaning.ampereOrPhase,
    rank: meaning.rank,
    depth: place.depth,
  }
}

/** The measurement that a unit makes of a named one, and the unit to convert from; null when there is none or they do not fit. */
function inUnit(
  measurement: NumericMeasurement | null,
  unit: Unit | null,
  needsUnit: boolean,
): { readonly measurement: NumericMeasurement; readonly unit: Unit } | null {
  if (unit === null) return null
  if (measurement === 'energy' && unit.dimension === 'active_power' && !needsUnit) {
    // A counter "in kW" is one in kWh: a power does not count up. One "in W" may be anything.
    return unit.multiply === 1_000 ? { measurement, unit: { ...unit, dimension: 'energy', multiply: 1 } } : null
  }
  const general = measurement === null || measurement === 'active_power' || measurement === 'energy'
  const fitting = measurementIn(measurement, unit, general)
  return fitting === null ? null : { measurement: fitting, unit }
}

/** `"power": "ON"` is the relay, not a number that went wrong. */
function notANumber(found: Found, meaning: KeyMeaning, value: unknown, place: Place): null {
  const on = typeof value === 'boolean' ? value : typeof value === 'string' ? switchWord(value) : null
  if (on !== null && meaning.measurement === 'active_power' && meaning.rank === 3 && meaning.unit === null) {
    found.findings.push({
      measurement: null,
      value: on,
      unitKnown: true,
      phase: null,
      index: meaning.index,
      outlet: meaning.outlet ?? place.outlet,
      ampereOrPhase: false,
      rank: 1,
      depth: place.depth,
    })
    return null
  }
  return doubtful(found, 'invalid', meaning.measurement)
}
