import type { NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName } from '../decoded-payload.ts'
import { type Unit, unitOf } from '../units.ts'
import { phaseOf, wordsOfKey } from './key-words.ts'
import { hasBase, inherit, listen, type Said } from './said.ts'
import type { Aspect, Atom } from './vocabulary.ts'

export type MeaningKind =
  | 'measurement'
  /** A relay's state, with a word that says so. */
  | 'relay'
  /** `state`, `status`, `output`: a relay's state only where the value is on or off. */
  | 'weak-relay'
  | 'clock'
  /** Known, and none of our measurements: exported energy, today's energy. */
  | 'extra'
  /** `u`, `i`, `p`: only beside others of their kind. */
  | 'letter'
  /** Adds to what is above or below it: `total`, `l1`, `outlet 3`. */
  | 'part'
  | 'unknown'

/** What a key, or a path of keys, says of its value. */
export interface KeyMeaning {
  readonly kind: MeaningKind
  readonly measurement: NumericMeasurement | null
  /** Name in `extra`, for the kind `extra`. */
  readonly name: string
  /** Unit in the key (`current_ma`); null: none. */
  readonly unit: Unit | null
  readonly phase: PhaseName | 'line' | 'neutral' | null
  /** `current_a`: amperes, or phase A? Its siblings tell. */
  readonly ampereOrPhase: boolean
  /** A bare number in the key (`power_2`): a phase or an outlet. */
  readonly index: string | null
  readonly outlet: string | null
  /** Of several fields with one meaning the highest wins: the canonical name before an alias. */
  readonly rank: number
  /** `consumption`: watts or kilowatt hours, only a unit tells. */
  readonly needsUnit: boolean
  /** A measurement, relay or clock without anything to resolve: what flat JSON consists of. */
  readonly plain: boolean
}

const MEANINGS_KEPT = 4_000
const meanings = new Map<string, KeyMeaning>()

/** What a key says by itself. Kept for each key, since devices repeat theirs: 0.03 µs instead of 3. */
export function meaningOfKey(key: string): KeyMeaning {
  const known = meanings.get(key)
  if (known !== undefined) return known
  const meaning = meaningOf(wordsOfKey(key), [])
  // Hostile payloads must not fill the memory; one that tries costs what computing costs, nothing more.
  if (meanings.size >= MEANINGS_KEPT) meanings.clear()
  if (key.length <= 64) meanings.set(key, meaning)
  return meaning
}

/**
 * A name with the device in front (`Meter1.Voltage_L1`, `sdm220m_voltage`): what its end says. Only names are left out, and what
 * belongs to them; null when the end says nothing either.
 */
export function meaningOfEnd(words: readonly Atom[], above: readonly Atom[]): KeyMeaning | null {
  let from = words.findLastIndex(({ kind }) => kind === 'unknown') + 1
  if (from === 0) return null
  while (NAME_PARTS.has(words[from]?.kind ?? 'unit')) from += 1
  const meaning = from < words.length ? meaningOf(words.slice(from), above) : UNKNOWN
  return meaning.kind === 'unknown' ? null : meaning
}

const NAME_PARTS: ReadonlySet<Atom['kind']> = new Set(['number', 'suffix', 'letter'])

/** The meaning of a key's words below the words of the keys above it (`power` / `active` / `phase_a`). */
export function meaningOf(words: readonly Atom[], above: readonly Atom[]): KeyMeaning {
  const said = listen(words)
  if (said.contradiction) return UNKNOWN
  const own = hasBase(said)
  if (above.length > 0) inherit(said, listen(above), own)
  return weigh(said)
}

const UNKNOWN: KeyMeaning = {
  kind: 'unknown',
  measurement: null,
  name: '',
  unit: null,
  phase: null,
  ampereOrPhase: false,
  index: null,
  outlet: null,
  rank: 0,
  needsUnit: false,
  plain: false,
}

function weigh(said: Said): KeyMeaning {
  if (said.contradiction) return UNKNOWN
  const { phase, index, outlet, aspects } = said
  const place = { phase, index, outlet }
  if (said.clock > 0) {
    const alone = said.measurement === null && !said.power && !said.consumption && said.relay === null
    return alone ? { ...UNKNOWN, ...place, kind: 'clock', rank: said.clock, plain: index === null } : UNKNOWN
  }
  if (said.relay !== null && said.measurement === null && !said.consumption) return relayMeaning(said)
  // `output_voltage`, `energy_status`: not what the socket delivers, or no number at all.
  if (said.relay === 'weak') return UNKNOWN
  const settled = settle(said)
  if (settled === null) return UNKNOWN
  if (settled.measurement === null) return { ...UNKNOWN, ...place, kind: 'part' }
  const name = extraName(settled.measurement, said)
  if (name === null) return UNKNOWN
  const kind = name !== '' ? 'extra' : said.letter ? 'letter' : 'measurement'
  const structural = settled.phase !== null || index !== null || outlet !== null || settled.ampereOrPhase
  return {
    kind,
    measurement: settled.measurement,
    name,
    unit: settled.unit,
    phase: settled.phase,
    ampereOrPhase: settled.ampereOrPhase,
    index,
    outlet,
    rank: rankOf(said, aspects),
    needsUnit: said.consumption && settled.unit === null,
    plain: kind !== 'letter' && !structural && !said.consumption,
  }
}

function relayMeaning(said: Said): KeyMeaning {
  const kind = said.relay === 'strong' && !said.power ? 'relay' : 'weak-relay'
  // `relay_1`, and `state_l1` of a double socket: which outlet, not which phase.
  const outlet = said.outlet ?? said.index ?? (said.phase === 'line' ? null : said.phase)
  return { ...UNKNOWN, kind, outlet, rank: kind === 'relay' ? 2 : 1, plain: kind === 'relay' && outlet === null }
}

interface Settled {
  readonly measurement: NumericMeasurement | null
  readonly unit: Unit | null
  readonly phase: KeyMeaning['phase']
  readonly ampereOrPhase: boolean
}

/** Which measurement, by the quantity, the kind of power and the unit; null when they contradict each other. */
function settle(said: Said): Settled | null {
  const measurement = quantityOf(said)
  if (measurement === undefined) return null
  let { unit, phase } = said
  let ampereOrPhase = false
  if (said.suffix !== null) {
    const letter = said.suffix
    // `curr_w`: the watts of now.
    if (measurement === 'current' && (letter === 'w' || letter === 'v')) {
      unit = unitOf(letter.toUpperCase())
      return unit && { measurement: measurementIn(null, unit, true), unit, phase, ampereOrPhase: false }
    }
    if (measurement === 'current' && letter === 'a') ampereOrPhase = true
    else if (measurement === 'temperature' && (letter === 'c' || letter === 'f')) unit = unitOf(letter.toUpperCase())
    else if (measurement === 'voltage' && letter === 'v') unit = unitOf('V')
    else if ((said.consumption || measurement?.endsWith('_power')) && letter === 'w') unit = unitOf('W')
    else if (phaseOf(letter) !== null && phase === null) phase = phaseOf(letter)
    else return null
  }
  if (unit === null) return { measurement, unit, phase, ampereOrPhase }
  // `Ws` alone is anything from a counter to watts per second.
  if (measurement === null && unit.dimension === 'energy' && unit.divide > 1_000_000) return null
  const fitting = measurementIn(measurement, unit, said.power || said.consumption)
  return fitting === null ? null : { measurement: fitting, unit, phase, ampereOrPhase }
}

/** The measurement that the words name; null: none; undefined: none of ours. */
function quantityOf(said: Said): NumericMeasurement | null | undefined {
  const { aspects } = said
  const reactive = aspects.has('reactive')
  const apparent = aspects.has('apparent')
  if (said.power) return reactive ? 'reactive_power' : apparent ? 'apparent_power' : 'active_power'
  if (said.measurement === 'energy' || said.consumption) return reactive || apparent ? undefined : 'energy'
  if (said.measurement !== null && (reactive || apparent)) return undefined
  return said.measurement
}

/**
 * The measurement that a named quantity is in a unit: `power` in VA is apparent power, in kWh energy. Null when the unit
 * contradicts the name.
 */
export function measurementIn(
  measurement: NumericMeasurement | null,
  unit: Unit,
  general: boolean,
): NumericMeasurement | null {
  const { dimension } = unit
  if (dimension === 'reactive-energy' || dimension === 'charge' || dimension === 'ambiguous') return null
  if (measurement === null) return dimension === 'power_factor' ? null : dimension
  if (measurement === dimension) return measurement
  if (measurement === 'active_power' && general) {
    return dimension === 'apparent_power' || dimension === 'reactive_power' || dimension === 'energy' ? dimension : null
  }
  // A consumption in watts is a power.
  if (measurement === 'energy' && general && dimension === 'active_power') return 'active_power'
  // Watts are written beside apparent and reactive power, too.
  return measurement.endsWith('_power') && dimension.endsWith('_power') ? measurement : null
}

/** '': a measurement; a name: known, but none of ours; null: nothing that can be kept. */
function extraName(measurement: NumericMeasurement, { aspects, period }: Said): string | null {
  if (aspects.has('period')) return measurement === 'energy' && !aspects.has('export') ? `energy_${period}` : null
  if (aspects.has('export')) return measurement === 'energy' ? 'energy_export' : null
  return aspects.has('average') ? `${measurement}_average` : ''
}

function rankOf(said: Said, aspects: ReadonlySet<Aspect>): number {
  const base = said.exact ? 4 : said.power ? (aspects.has('active') ? 4 : 3) : 2
  return aspects.has('import') ? base - 1 : base
}
