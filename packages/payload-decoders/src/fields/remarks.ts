import type { NumericMeasurement } from '@iomt/contracts/measurements'
import type { JsonObject } from '../message.ts'
import { type Unit, unitOf } from '../units.ts'
import { type KeyMeaning, meaningOfKey } from './key-meaning.ts'

/** What an object says about its own values. */
export interface Remarks {
  /** `"unit": "V"`, for all of them. */
  readonly unit: Unit | null
  /** `"voltage_unit": "mV"`, `"units": {"voltage": "mV"}` */
  readonly units: ReadonlyMap<NumericMeasurement, Unit> | null
  /** Quantities with a factor beside them (`voltage_multiplier`), whose numbers are not what they seem; `all`: any. */
  readonly scaled: ReadonlySet<NumericMeasurement | 'all'> | null
}

/** Names that say something about another field. */
export const REMARK =
  /(?:^|[_\s-]|[a-z](?=[A-Z]))(?:units?|scale|scaling|multiplier|divisor|exponent|decimals)$|^(?:unit|scale)s?$|^units?_/i
const UNIT = /[_\s-]?units?$|^units?_/i
const SCALE = /[_\s-]?(?:scale|scaling|multiplier|divisor|exponent|decimals)$/i
const NONE: Remarks = { unit: null, units: null, scaled: null }

export function remarksOf(object: JsonObject): Remarks {
  let remarks = NONE
  for (const key of Object.keys(object)) {
    if (key.length <= 64 && (REMARK.test(key) || key === 'uom' || key === 'unit_of_measurement')) {
      remarks = withRemark(remarks, key, object[key])
    }
  }
  return remarks
}

function withRemark(remarks: Remarks, key: string, value: unknown): Remarks {
  if (SCALE.test(key)) {
    // Times one is no scale.
    if (value === 1 || value === 0 || typeof value === 'object') return remarks
    const measurement = meaningOfKey(key.replace(SCALE, '')).measurement
    return { ...remarks, scaled: new Set([...(remarks.scaled ?? []), measurement ?? 'all']) }
  }
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([name, text]) => [name, text] as const)
    return pairs.reduce((sum, [name, text]) => withUnit(sum, name, text), remarks)
  }
  const named = key.replace(UNIT, '')
  if (named !== '' && key !== 'unit_of_measurement' && key !== 'uom') return withUnit(remarks, named, value)
  const unit = typeof value === 'string' ? unitOf(value.trim()) : null
  return unit === null ? remarks : { ...remarks, unit }
}

function withUnit(remarks: Remarks, name: string, text: unknown): Remarks {
  const unit = typeof text === 'string' && text.length <= 20 ? unitOf(text.trim()) : null
  const { measurement } = meaningOfKey(name)
  if (unit === null || measurement === null) return remarks
  return { ...remarks, units: new Map([...(remarks.units ?? []), [measurement, unit]]) }
}

export function unitBeside({ units }: Remarks, { measurement }: KeyMeaning): Unit | null {
  return measurement === null ? null : (units?.get(measurement) ?? null)
}

export function isScaled({ measurement }: KeyMeaning, scaled: ReadonlySet<NumericMeasurement | 'all'>): boolean {
  return measurement !== null && (scaled.has('all') || scaled.has(measurement))
}

/** The device says itself that the object's values are none. */
export function saysInvalid(object: JsonObject): boolean {
  if (object['is_valid'] === false || object['valid'] === false || object['q'] === false) return true
  const quality = object['quality'] ?? object['Quality']
  return typeof quality === 'string' && /^(?:bad|invalid)$/i.test(quality)
}
