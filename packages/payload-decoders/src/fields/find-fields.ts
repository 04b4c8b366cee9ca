import { isObject, type JsonObject } from '../message.ts'
import { doubtful, type Finding, type Found, merge, newFound, type Place, repeats } from './finding.ts'
import { type KeyMeaning, meaningOf, meaningOfKey } from './key-meaning.ts'
import { isForeign, wordsOfKey } from './key-words.ts'
import { dayAndTimeOf, ELEMENT_KEYS, OUTLET_KEYS, outletOf, phaseIn, phaseNamed } from './labels.ts'
import { lettersThatCount } from './letters.ts'
import { searchNamedValue } from './named-values.ts'
import { readLeaf, readMeasurement } from './read-field.ts'
import { isScaled, REMARK, remarksOf, saysInvalid, unitBeside } from './remarks.ts'

const DEEPEST = 10
const SMALL_LIST = 64

/** Looks through a payload, at any depth, for values whose names say what they are. */
export function findFields(payload: JsonObject | readonly unknown[]): Found {
  const found = newFound()
  const place: Place = { above: [], outlet: null, unit: null, depth: 0 }
  if (Array.isArray(payload)) searchList(found, payload, place)
  else searchObject(found, payload as JsonObject, place)
  const counting = lettersThatCount(found.letters, found.findings)
  found.findings.push(...counting)
  found.known += counting.length
  return found
}

function searchObject(found: Found, object: JsonObject, from: Place): void {
  if (from.depth > DEEPEST) return
  if (saysInvalid(object)) {
    found.known += 1
    found.doubts.push('marked-invalid')
    return
  }
  if (searchNamedValue(found, object, from)) return
  const remarks = remarksOf(object)
  const phase = phaseIn(object)
  const place: Place = {
    ...from,
    above: phase === null ? from.above : [...from.above, { kind: 'phase', phase }],
    outlet: outletOf(object, OUTLET_KEYS) ?? from.outlet,
    unit: remarks.unit ?? from.unit,
  }
  const dayAndTime = dayAndTimeOf(object)
  if (dayAndTime !== null) found.clocks.push({ value: dayAndTime, rank: 9, depth: place.depth, outlet: place.outlet })
  const letters: Finding[] = []
  const before = found.findings.length
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (REMARK.test(key)) continue
    if (value === undefined || OUTLET_KEYS.test(key)) {
      if (isObject(value) || Array.isArray(value)) searchBelow(found, key, value, place)
      continue
    }
    if (typeof value === 'object' && value !== null) {
      if (!isForeign(key)) searchBelow(found, key, value, place)
      continue
    }
    const meaning = meaningIn(object, key, place)
    if (remarks.scaled !== null && isScaled(meaning, remarks.scaled)) {
      doubtful(found, 'unit-ambiguous', meaning.measurement)
      continue
    }
    if (meaning.kind === 'letter') {
      const finding = readMeasurement(found, meaning, value, place, null)
      if (finding) letters.push(finding)
    } else {
      readLeaf(found, key, meaning, value, place, unitBeside(remarks, meaning))
    }
  }
  if (letters.length > 0) {
    const counting = lettersThatCount(letters, found.findings.slice(before))
    found.findings.push(...counting)
    found.known += counting.length
  }
}

function meaningIn(object: JsonObject, key: string, place: Place): KeyMeaning {
  // Beside `vb` and `vc`, `va` is a voltage and no unit.
  if (/^va$/i.test(key) && ('vb' in object || 'Vb' in object || 'VB' in object)) {
    return meaningOf([{ kind: 'letter', measurement: 'voltage', phase: 'l1' }], place.above)
  }
  return place.above.length === 0 ? meaningOfKey(key) : meaningOf(wordsOfKey(key), place.above)
}

/** An object or a list under a key. */
function searchBelow(found: Found, key: string, value: unknown, place: Place): void {
  const words = wordsOfKey(key)
  const { kind } = meaningOf(words, [])
  // A name that says nothing (a device's id) only leads on; one that says something counts for everything below.
  const above = kind === 'unknown' || kind === 'clock' ? place.above : [...place.above, ...words]
  const below: Place = { ...place, above, depth: place.depth + 1 }
  if (Array.isArray(value)) searchList(found, value, below)
  else if (isObject(value)) searchObject(found, value, below)
}

function searchList(found: Found, list: readonly unknown[], place: Place): void {
  if (place.depth > DEEPEST || list.length === 0 || list.length > SMALL_LIST) return
  const objects = list.filter(isObject)
  if (objects.length === 0) {
    searchValues(found, list, place)
    return
  }
  if (objects.length === 1) {
    searchObject(found, objects[0] as JsonObject, { ...place, depth: place.depth + 1 })
    return
  }
  const parts = objects.map((object) => {
    const part = findFieldsAt(object, { ...place, depth: place.depth + 1 })
    return { part, label: outletOf(object, OUTLET_KEYS) ?? outletOf(object, ELEMENT_KEYS) }
  })
  const repeated = repeats(parts.map(({ part }) => part))
  const timed = parts.every(({ part }) => part.clocks.length > 0)
  const labelled = new Set(parts.map(({ label }) => label ?? '')).size === parts.length
  if (repeated && timed && !labelled) found.severalReadings = true
  const phases = parts.map(({ label }) => (label === null ? null : phaseNamed(label)))
  for (const [index, { part, label }] of parts.entries()) {
    const phase = phases.includes(null) ? null : (phases[index] ?? null)
    if (phase !== null) {
      part.findings.splice(0, Infinity, ...part.findings.map((finding) => ({ ...finding, phase, outlet: null })))
    }
    const outlet = labelled && label !== null ? label : String(index + 1)
    merge(found, part, repeated && phase === null ? outlet : null)
  }
}

function findFieldsAt(object: JsonObject, place: Place): Found {
  const part = newFound()
  searchObject(part, object, place)
  return part
}

/** A list of numbers under a quantity: phases or outlets, numbered from 1. */
function searchValues(found: Found, list: readonly unknown[], place: Place): void {
  const meaning = meaningOf([], place.above)
  if (meaning.kind !== 'measurement' && meaning.kind !== 'relay') return
  for (const [at, value] of list.entries()) {
    if (typeof value === 'object' && value !== null) return
    const index = list.length === 1 ? meaning.index : String(at + 1)
    if (meaning.index !== null && list.length > 1) return
    const outlet = meaning.kind === 'relay' ? index : meaning.outlet
    readLeaf(found, '', { ...meaning, index, outlet }, value, place, null)
  }
}
