import type { MeasurementName, NumericMeasurement } from '@iomt/contracts/measurements'
import type { MappedField } from '@iomt/contracts/payload-mapping'
import { measurementIn } from '../fields/key-meaning.ts'
import { isAbsence, numberOfText, quantityOfText, readSwitch } from '../numbers.ts'
import { AMBIGUOUS, rounded, toCanonical, type Unit, unitOf } from '../units.ts'

/** A converted value; null: an absence; undefined: nothing that the field can be. */
export type FieldConverter = (value: unknown) => number | boolean | null | undefined

/** Why the conversion of a field cannot be used: by the name of its part. `measurement` null: a value in `extra`. */
export function conversionProblems(
  field: MappedField,
  measurement: MeasurementName | null,
): Array<[part: string, detail: string]> {
  const problems: Array<[string, string]> = []
  if (field.scale === 0) problems.push(['scale', 'must not be 0'])
  if (measurement === 'relay_on') {
    for (const part of ['scale', 'offset', 'unit', 'decimal'] as const) {
      if (field[part] !== undefined) problems.push([part, 'has no meaning for relay_on, which is true or false'])
    }
    for (const [word, value] of Object.entries(field.values ?? {})) {
      if (typeof value === 'number')
        problems.push([`values/${escaped(word)}`, 'must be true, false or null for relay_on'])
    }
    return problems
  }
  if (field.unit !== undefined) {
    const unit = unitOf(field.unit)
    if (unit === null) problems.push(['unit', `is not a known unit: ${field.unit}`])
    else if (unit === AMBIGUOUS) problems.push(['unit', `may be mega or milli: ${field.unit}`])
    else if (measurement !== null && fitting(measurement, unit) === null) {
      problems.push(['unit', `${field.unit} is no unit of ${measurement}`])
    }
  }
  if (measurement !== null) {
    for (const [word, value] of Object.entries(field.values ?? {})) {
      if (typeof value === 'boolean')
        problems.push([`values/${escaped(word)}`, `must be a number or null for ${measurement}`])
    }
  }
  return problems
}

const escaped = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1')

const fitting = (measurement: NumericMeasurement, unit: Unit) =>
  unit.dimension === measurement ? measurement : measurementIn(measurement, unit, false)

/** A converter for a field that has no problem. */
export function compileConverter(field: MappedField, measurement: MeasurementName | null): FieldConverter {
  const words = field.values === undefined ? null : new Map(Object.entries(field.values))
  const numeric = measurement === 'relay_on' ? null : measurement
  const toNumber = measurement === 'relay_on' ? null : compileScale(field)
  return (value) => {
    if (typeof value === 'number' && words === null && toNumber !== null) return toNumber(value)
    if (value === undefined || value === null) return null
    if (words !== null && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')) {
      const word = words.get(String(value).trim())
      if (word !== undefined) return typeof word === 'number' && toNumber ? toNumber(word) : word
    }
    if (toNumber === null) {
      if (typeof value === 'string' && isAbsence(value)) return null
      return readSwitch(value) ?? undefined
    }
    if (typeof value === 'number') return toNumber(value)
    if (measurement === null && typeof value === 'boolean') return value
    if (typeof value !== 'string') return undefined
    return fromText(value, field, numeric, toNumber)
  }
}

function fromText(
  text: string,
  field: MappedField,
  measurement: NumericMeasurement | null,
  toNumber: (value: number) => number,
): number | null | undefined {
  if (isAbsence(text)) return null
  const number =
    field.decimal === ',' ? numberOfText(text.trim().replaceAll('.', '').replace(',', '.')) : numberOfText(text)
  if (number !== undefined) return number === null ? null : toNumber(number)
  // A text with a unit of its own, which then must not be said twice.
  const quantity = field.unit === undefined && field.scale === undefined ? quantityOfText(text) : undefined
  if (quantity === undefined || quantity.unit === AMBIGUOUS) return undefined
  // `12 kWh` is no power; a value in `extra` can be anything.
  if (measurement !== null && fitting(measurement, quantity.unit) === null) return undefined
  return toCanonical(quantity.value, quantity.unit)
}

function compileScale({ scale = 1, offset = 0, unit: unitName }: MappedField): (value: number) => number {
  const unit = unitName === undefined ? null : unitOf(unitName)
  const canonical = unit === null || (unit.multiply === 1 && unit.divide === 1 && unit.offset === 0) ? null : unit
  if (scale === 1 && offset === 0)
    return canonical === null ? (value) => value : (value) => toCanonical(value, canonical)
  // 2301 × 0.1 is 230.10000000000002; 2301 / 10 is 230.1.
  const divisor = Math.round(1 / scale)
  const divides = offset === 0 && canonical === null && Math.abs(divisor) > 1 && Math.abs(1 / divisor - scale) < 1e-15
  if (divides) return (value) => value / divisor
  return (value) => {
    const scaled = rounded(value * scale + offset)
    return canonical === null ? scaled : rounded(toCanonical(scaled, canonical))
  }
}
