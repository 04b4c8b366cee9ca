import type { JsonObject } from '../message.ts'
import { type Unit, unitOf } from '../units.ts'
import type { Found, Place } from './finding.ts'
import { type KeyMeaning, meaningOf, meaningOfEnd, meaningOfKey } from './key-meaning.ts'
import { isForeign, wordsOfKey } from './key-words.ts'
import { pushClock, readLeaf, readMeasurement } from './read-field.ts'
import type { Atom } from './vocabulary.ts'

const NAME_KEYS =
  'name n id tag tagName key point measurement quantity metric parameter label variable signal field code attribute property type'.split(
    ' ',
  )

const VALUE_KEYS = ['value', 'val', 'v', 'reading']

const UNIT_KEYS = ['unit', 'u', 'uom', 'units', 'unit_of_measurement', 'unitOfMeasurement']

/** A value with a name like `Outlet 1/Voltage` and perhaps a unit; false when the name says nothing. */
export function addNamedValue(found: Found, name: string, value: unknown, unitName: string | null): boolean {
  const levels = name.split(/[/.]/).slice(-6)
  const last = levels.pop() ?? ''
  if (levels.some(isForeign)) return false
  const above = levels.flatMap((level) => {
    const words = wordsOfKey(level)
    const { kind } = meaningOf(words, [])
    return kind === 'unknown' || kind === 'clock' ? [] : words
  })
  const meaning = meaningOfName(last, above)
  const unit = unitName === null ? null : unitOf(unitName)
  const telling = meaning.kind !== 'unknown' && meaning.kind !== 'letter' && meaning.kind !== 'clock'
  if (!telling || (meaning.kind === 'part' && unit === null)) return false
  const before = found.known + found.findings.length + found.extras.length + found.doubts.length
  readLeaf(found, last, meaning, value, { above, outlet: null, unit: null, depth: 0 }, unit)
  return found.known + found.findings.length + found.extras.length + found.doubts.length > before
}

/** `{"name": "Voltage L1", "value": 230.1, "unit": "V"}` and the like; true when the object was one. */
export function searchNamedValue(found: Found, object: JsonObject, place: Place): boolean {
  const value = firstOf(object, VALUE_KEYS)
  if (value === undefined || (typeof value === 'object' && value !== null)) return false
  const unit = unitIn(object)
  const name = NAME_KEYS.map((key) => object[key]).find((entry) => typeof entry === 'string') as string | undefined
  if (name === undefined) {
    if (place.above.length === 0 && unit === null) return false
    const meaning = meaningOf([], place.above)
    if (meaning.kind === 'unknown' || meaning.kind === 'part') {
      if (unit === null || meaning.kind === 'unknown') return false
    }
    readLeaf(found, '', meaning, value, place, unit)
    for (const key of Object.keys(object)) {
      if (meaningOfKey(key).kind === 'clock') pushClock(found, object[key], meaningOfKey(key).rank, place)
    }
    return true
  }
  const meaning = meaningOfName(name, place.above)
  const telling =
    meaning.kind === 'measurement' || meaning.kind === 'relay' || (meaning.kind === 'part' && unit !== null)
  if (meaning.kind === 'letter') {
    const finding = readMeasurement(found, meaning, value, place, unit)
    if (finding) found.letters.push(finding)
    return finding !== null
  }
  if (!telling && meaning.kind !== 'extra') return unit !== null
  readLeaf(found, '', meaning, value, place, unit)
  for (const key of Object.keys(object)) {
    if (meaningOfKey(key).kind === 'clock') pushClock(found, object[key], meaningOfKey(key).rank, place)
  }
  return true
}

/** A name with the device in front (`Meter1.Voltage_L1`): what its end says, as far as it says something. */
function meaningOfName(name: string, above: readonly Atom[]): KeyMeaning {
  const whole = meaningOf(wordsOfKey(name), above)
  if (whole.kind !== 'unknown' || isForeign(name)) return whole
  return meaningOfEnd(wordsOfKey(name), above) ?? whole
}

/** The unit in the object of a single value. */
function unitIn(object: JsonObject): Unit | null {
  const text = firstOf(object, UNIT_KEYS)
  return typeof text === 'string' ? unitOf(text.trim()) : null
}

function firstOf(object: JsonObject, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = object[key]
    if (value !== undefined) return value
  }
  return undefined
}
