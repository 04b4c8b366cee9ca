import type { NumericMeasurement } from '@iomt/contracts/measurements'

/**
 * What a unit measures. `reactive-energy` and `charge` have no canonical measurement: they are known so that they are
 * never taken for energy. `ambiguous` is {@link AMBIGUOUS}.
 */
export type Dimension = NumericMeasurement | 'reactive-energy' | 'charge' | 'ambiguous'

/** A unit: canonical value = value × multiply / divide (one of the two is 1, so that 978 mA is exactly 0.978 A). */
export interface Unit {
  readonly dimension: Dimension
  readonly multiply: number
  readonly divide: number
  /** Added after scaling: Fahrenheit and Kelvin. */
  readonly offset: number
}

const unit = (dimension: Dimension, multiply = 1, divide = 1, offset = 0): Unit => ({
  dimension,
  multiply,
  divide,
  offset,
})

/**
 * A unit whose `M` may be mega or milli: `MA` is megaampere, which no socket has, or milliampere in capitals. Known, so that
 * it fits no measurement; a text that is no unit at all leaves the number in the canonical unit.
 */
export const AMBIGUOUS = unit('ambiguous')

/** Prefixes as devices use them: deci and centi are registers of whole numbers (2301 dV), not metrology. */
const PREFIXES: ReadonlyArray<readonly [string, number, number]> = [
  ['', 1, 1],
  ['k', 1_000, 1],
  ['d', 1, 10],
  ['c', 1, 100],
  ['m', 1, 1_000],
]

const PREFIXED: ReadonlyArray<readonly [string, Dimension]> = [
  ['V', 'voltage'],
  ['A', 'current'],
  ['W', 'active_power'],
  ['VA', 'apparent_power'],
  ['var', 'reactive_power'],
  ['Hz', 'frequency'],
]

function table(): Map<string, Unit> {
  const units = new Map<string, Unit>()
  for (const [symbol, dimension] of PREFIXED) {
    for (const [prefix, multiply, divide] of PREFIXES) units.set(prefix + symbol, unit(dimension, multiply, divide))
  }
  units.set('MW', unit('active_power', 1_000_000))
  units.set('MVA', unit('apparent_power', 1_000_000))
  units.set('Mvar', unit('reactive_power', 1_000_000))
  for (const symbol of ['MV', 'MA', 'MHz']) units.set(symbol, AMBIGUOUS)
  units.set('uA', unit('current', 1, 1_000_000))
  units.set('µA', unit('current', 1, 1_000_000))
  for (const symbol of ['volt', 'volts']) units.set(symbol, unit('voltage'))
  for (const symbol of ['amp', 'amps', 'ampere', 'amperes']) units.set(symbol, unit('current'))
  for (const symbol of ['watt', 'watts']) units.set(symbol, unit('active_power'))
  for (const symbol of ['kilowatt', 'kilowatts']) units.set(symbol, unit('active_power', 1_000))
  for (const symbol of ['milliamp', 'milliamps']) units.set(symbol, unit('current', 1, 1_000))
  for (const symbol of ['VAr', 'VAR', 'Var', 'vars']) units.set(symbol, unit('reactive_power'))
  for (const symbol of ['kVAr', 'kVAR', 'kVar', 'KVAR']) units.set(symbol, unit('reactive_power', 1_000))
  units.set('hertz', unit('frequency'))
  units.set('Wh', unit('energy', 1, 1_000))
  units.set('kWh', unit('energy'))
  units.set('KWh', unit('energy'))
  units.set('KWH', unit('energy'))
  units.set('MWh', unit('energy', 1_000))
  units.set('mWh', unit('energy', 1, 1_000_000))
  units.set('dWh', unit('energy', 1, 10_000))
  units.set('cWh', unit('energy', 1, 100_000))
  for (const symbol of ['Wmin', 'W-min', 'W·min', 'Wm', 'watt-minutes', 'watt-minute', 'wattmin']) {
    units.set(symbol, unit('energy', 1, 60_000))
  }
  for (const symbol of ['Ws', 'J', 'joule', 'joules']) units.set(symbol, unit('energy', 1, 3_600_000))
  units.set('kJ', unit('energy', 1, 3_600))
  units.set('MJ', unit('energy', 1, 3.6))
  for (const symbol of ['varh', 'kvarh', 'VArh', 'kVArh', 'kVARh', 'KVARH', 'Mvarh', 'kVAr·h', 'VAh', 'kVAh', 'MVAh']) {
    units.set(symbol, unit('reactive-energy'))
  }
  for (const symbol of ['Ah', 'mAh', 'kAh']) units.set(symbol, unit('charge'))
  for (const symbol of ['%', 'pct', 'percent', 'prozent']) units.set(symbol, unit('power_factor', 1, 100))
  for (const symbol of ['°C', '℃', 'C', 'degC', 'celsius']) units.set(symbol, unit('temperature'))
  for (const symbol of ['°F', '℉', 'F', 'degF', 'fahrenheit']) {
    units.set(symbol, unit('temperature', 5, 9, (-32 * 5) / 9))
  }
  units.set('K', unit('temperature', 1, 1, -273.15))
  return units
}

const UNITS = table()

/**
 * Lower-cased, for suffixes of keys and for units written carelessly. `mw` is milliwatt, as keys say it: `MW` in full is
 * found before.
 */
const LOWER_CASE = new Map<string, Unit>()
for (const [symbol, value] of UNITS) {
  const lower = symbol.toLowerCase()
  const known = LOWER_CASE.get(lower)
  // A milliunit and a megaunit meet in lower case: keys of real devices mean the small one.
  if (known === undefined || (known.multiply > 1 && value.divide > 1)) LOWER_CASE.set(lower, value)
}
for (const symbol of ['f', 'c', 'k', 'j', 'mj', 'wm']) LOWER_CASE.delete(symbol)

/** The units with a capital M, lower-cased: a written M is never milli, whatever the case of the rest (`MWH`, `MVAr`). */
const CAPITAL_M = new Map<string, Unit>()
for (const [symbol, value] of UNITS) {
  if (symbol.startsWith('M')) CAPITAL_M.set(symbol.toLowerCase(), value)
}

/** The unit of a text like `kW`, `mA`, `°C`; null for one that is not known. */
export function unitOf(text: string): Unit | null {
  return UNITS.get(text) ?? inAnyCase(text) ?? UNITS.get(text.trim()) ?? null
}

function inAnyCase(text: string): Unit | undefined {
  const lower = text.toLowerCase()
  return (text.startsWith('M') ? CAPITAL_M.get(lower) : undefined) ?? LOWER_CASE.get(lower)
}

/** The canonical value: a division where that is exact, twelve digits where a multiplication would leave noise. */
export function toCanonical(value: number, { multiply, divide, offset }: Unit): number {
  if (multiply === 1 && offset === 0) return divided(value, divide)
  const canonical = rounded((value * multiply) / divide + offset)
  // Beyond 1.8e308 there is no number; what comes so near is judged implausible as it stands.
  return Number.isFinite(canonical) ? canonical : value
}

/** A whole number through a power of ten is exact; what had digits behind the point has noise afterwards. */
export function divided(value: number, divide: number): number {
  if (divide === 1) return value
  return Number.isInteger(value) ? value / divide : rounded(value / divide)
}

/** 12 significant digits, more than any meter has: `1.005 × 1000` is 1005 again. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12))
}
