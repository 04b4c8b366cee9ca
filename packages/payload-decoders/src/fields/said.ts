import type { NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName } from '../decoded-payload.ts'
import type { Unit } from '../units.ts'
import type { Aspect, Atom } from './vocabulary.ts'

/** Everything that the words of a key say, before it is weighed. */
export interface Said {
  measurement: NumericMeasurement | null
  exact: boolean
  /** `power`, which may be any of three. */
  power: boolean
  consumption: boolean
  letter: boolean
  relay: 'strong' | 'weak' | null
  clock: number
  aspects: Set<Aspect>
  period: string
  unit: Unit | null
  suffix: string | null
  phase: PhaseName | 'line' | 'neutral' | null
  index: string | null
  outlet: string | null
  contradiction: boolean
}

const nothing = (): Said => ({
  measurement: null,
  exact: false,
  power: false,
  consumption: false,
  letter: false,
  relay: null,
  clock: 0,
  aspects: new Set(),
  period: '',
  unit: null,
  suffix: null,
  phase: null,
  index: null,
  outlet: null,
  contradiction: false,
})

export const hasBase = (said: Said): boolean =>
  said.measurement !== null || said.power || said.consumption || said.relay !== null || said.clock > 0

/** Gathers what the words of one key say. */
export function listen(words: readonly Atom[]): Said {
  const said = nothing()
  let countsOutlets = false
  for (const [at, atom] of words.entries()) {
    const countedBefore = countsOutlets
    countsOutlets = false
    switch (atom.kind) {
      case 'quantity':
        // `current_power`, `current_voltage`: the power, the voltage of now.
        if (said.measurement === 'current' && at === 1) said.measurement = null
        if (said.measurement !== null || said.power) said.contradiction = true
        said.measurement = atom.measurement
        said.exact = atom.exact
        break
      case 'power':
        if (said.measurement === 'current' && at === 1) said.measurement = null
        if (said.measurement !== null) said.contradiction = true
        said.power = true
        break
      case 'consumption':
        said.consumption = true
        break
      case 'letter':
        said.measurement = atom.measurement
        said.letter = true
        said.phase = atom.phase
        break
      case 'relay':
        if (said.relay !== 'strong') said.relay = atom.strong ? 'strong' : 'weak'
        countsOutlets = true
        break
      case 'clock':
        said.clock = Math.max(said.clock, atom.rank)
        break
      case 'aspect':
        said.aspects.add(atom.aspect)
        if (atom.aspect === 'period') said.period = said.period === '' ? atom.name : `${said.period}_${atom.name}`
        break
      case 'phase':
        said.phase = atom.phase
        break
      case 'unit':
        said.unit = atom.unit
        break
      case 'suffix':
        said.suffix = atom.letter
        break
      case 'number':
        if (countedBefore) said.outlet = atom.text
        else if (said.index !== null) said.contradiction = true
        else said.index = atom.text
        break
      case 'outlet':
        countsOutlets = true
        break
      case 'neutral':
        break
      case 'unknown':
        said.contradiction = true
        break
      default:
        return atom
    }
  }
  return said
}

/** Takes over what the keys above say: all of it where the key itself names no quantity, else only which phase or outlet. */
export function inherit(said: Said, above: Said, own: boolean): void {
  said.phase ??= above.phase
  said.outlet ??= above.outlet
  said.index ??= above.index
  for (const aspect of above.aspects) said.aspects.add(aspect)
  if (said.period === '') said.period = above.period
  const otherQuantity = above.measurement !== null && above.measurement !== 'energy'
  if (own) {
    // `{"voltage": {"current": 230}}`: the voltage of now, or a current? Nobody knows.
    if (said.measurement === 'current' && said.exact && otherQuantity && above.measurement !== 'current') {
      said.contradiction = true
    }
    return
  }
  said.measurement = above.measurement
  said.exact = above.exact
  said.power = above.power
  said.consumption = above.consumption
  said.letter = above.letter
  said.relay ??= above.relay
  said.unit ??= above.unit
}
