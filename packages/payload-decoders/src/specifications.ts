import { quantityOfText, readNumber } from './numbers.ts'
import { toCanonical, unitOf } from './units.ts'

/** What a PDU can deliver; null: not said. Used to tell a wrong unit or a fault from a reading. */
export interface ElectricalLimits {
  /** V, between phase and neutral. */
  readonly ratedVoltage: number | null
  readonly phases: 1 | 2 | 3 | null
  /** A, of one phase. */
  readonly maximumCurrent: number | null
}

export const NO_LIMITS: ElectricalLimits = { ratedVoltage: null, phases: null, maximumCurrent: null }

const VOLTAGE = /^(?:rated|nominal|input|mains|line)?voltage(?:rated|nominal|rating|v)?$|^u(?:n|nom)$/
const CURRENT =
  /^(?:max|maximum|rated|nominal|breaker|fuse)(?:imum)?(?:current|amps|amperage)(?:a|perphase|persocket|peroutlet)?$|^current(?:max|rating|limit|rated)?$|^i(?:n|max)$/
const PHASES = /^(?:phases?|phasecount|numberofphases|numphases)$/
/** Where manufacturers' data sheets group such values. */
const GROUPS = /^(?:electrical|ratings?|rated|input|power|specifications?|mains|nominal)$/

/**
 * Reads the limits from a PDU's `specifications`, whose shape is free: rated voltage, phases and maximum current by the
 * usual names, as numbers, as text with a unit (`"16 A"`) or as `{value, unit}`. What is not found or not sensible is null.
 */
export function electricalLimits(specifications: unknown): ElectricalLimits {
  const found: { voltage: number | null; current: number | null; phases: number | null } = {
    voltage: null,
    current: null,
    phases: null,
  }
  const look = (value: unknown, deeper: boolean): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    for (const [key, entry] of Object.entries(value)) {
      const name = key.toLowerCase().replace(/[^a-z]/g, '')
      if (VOLTAGE.test(name)) found.voltage ??= within(entry, 'voltage', 50, 1_000)
      else if (CURRENT.test(name)) found.current ??= within(entry, 'current', 0.05, 2_000)
      else if (PHASES.test(name)) found.phases ??= phaseCount(entry)
      else if (deeper && GROUPS.test(name)) look(entry, false)
    }
  }
  look(specifications, true)
  const { voltage, current } = found
  const phases = found.phases === 1 || found.phases === 2 || found.phases === 3 ? found.phases : null
  // 400 V of a three-phase PDU is between phases; its sockets have 230.
  const perPhase = voltage !== null && phases === 3 && voltage > 300 ? voltage / Math.sqrt(3) : voltage
  return { ratedVoltage: perPhase, phases, maximumCurrent: current }
}

function within(value: unknown, dimension: 'voltage' | 'current', from: number, to: number): number | null {
  const number = inUnit(value, dimension)
  return number !== null && number >= from && number <= to ? number : null
}

function inUnit(value: unknown, dimension: 'voltage' | 'current'): number | null {
  if (typeof value === 'object' && value !== null && 'value' in value) {
    const { value: inner, unit: name } = value as { value: unknown; unit?: unknown }
    const number = readNumber(inner) ?? null
    const unit = typeof name === 'string' ? unitOf(name) : null
    if (number === null || (unit !== null && unit.dimension !== dimension)) return null
    return unit ? toCanonical(number, unit) : number
  }
  const number = readNumber(value)
  if (typeof number === 'number') return number
  const quantity = typeof value === 'string' ? quantityOfText(value) : undefined
  return quantity?.unit.dimension === dimension ? toCanonical(quantity.value, quantity.unit) : null
}

function phaseCount(value: unknown): number | null {
  if (Array.isArray(value)) return value.length
  const number = readNumber(value)
  if (typeof number === 'number') return number
  if (typeof value !== 'string') return null
  const digit = /^\s*([123])\b/.exec(value)?.[1]
  if (digit) return Number(digit)
  return /^(?:three|tri)/i.test(value) ? 3 : /^(?:single|one|mono)/i.test(value) ? 1 : null
}
