import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import { type Draft, doubt } from './draft.ts'
import type { ElectricalLimits } from './specifications.ts'

/** No mains socket has more than this between phase and neutral; what does is written in decivolts or millivolts. */
const HIGHEST_VOLTAGE = 1_000
/** Below any mains. */
const LOWEST_VOLTAGE = 50
/** Largest sockets of IEC 60309, for PDUs whose maximum nobody has entered. */
const HIGHEST_CURRENT = 125
const OVERLOAD = 1.5
/** Below this many VA, rounding of the current decides what a ratio is. */
const TELLING_POWER = 20
/** No load that draws {@link TELLING_POWER} has a power factor below this; milliamperes taken for amperes give 0.001 and less. */
const LOWEST_RATIO = 0.01
/**
 * Active power is never above apparent power. A hundred times as much is a unit (milliwatts beside amperes); less is two
 * moments, a poor meter or a simulator, and stays with a doubt.
 */
const HIGHEST_RATIO = 50
/** Above this, active power and the product of voltage and current are not of one moment. */
const PUZZLING_RATIO = 3
const SKEW = 0.15

const POWERS = ['active_power', 'apparent_power', 'reactive_power'] as const
const WITH_UNITS: readonly NumericMeasurement[] = ['current', ...POWERS, 'energy']

/**
 * Looks at a reading once more as an electrician would. Numbers without a unit that only a wrong unit explains are taken out of the
 * measurements and kept in `extra`, with the doubt in `quality`; those whose unit is documented or written stay, with the doubt.
 */
export function judge(draft: Draft, limits: ElectricalLimits): void {
  const { measurements, phases } = draft
  judgeSet(draft, measurements, '', limits, phases === null ? 1 : 3)
  if (phases === null) return
  for (const phase of ['l1', 'l2', 'l3'] as const) {
    const set = phases[phase]
    if (set !== undefined) judgeSet(draft, set, `${phase}_`, limits, 1)
  }
}

function judgeSet(draft: Draft, set: Measurements, prefix: string, limits: ElectricalLimits, phases: number): void {
  const { voltage, frequency, temperature, power_factor: factor } = set
  if (voltage !== undefined) judgeVoltage(draft, set, prefix, voltage, limits)
  judgeSize(draft, set, prefix, limits, phases)
  if (frequency !== undefined && frequency !== 0 && !(frequency >= 40 && frequency <= 70)) {
    withdraw(draft, set, prefix, 'frequency', 'implausible')
  }
  if (temperature !== undefined && !(temperature >= -60 && temperature <= 200)) {
    withdraw(draft, set, prefix, 'temperature', 'implausible')
  }
  if (factor !== undefined && !(factor >= -1 && factor <= 1)) {
    if (isPercent(draft, set, factor)) set.power_factor = factor / 100
    else withdraw(draft, set, prefix, 'power_factor', 'implausible')
  }
  if (phases === 1 && set.current !== undefined && set.voltage !== undefined) {
    judgeTogether(draft, set, prefix, set.voltage, set.current)
  }
}

const isCertain = (draft: Draft, name: NumericMeasurement): boolean =>
  draft.unitsKnown || draft.withUnit?.has(name) === true

function withdraw(
  draft: Draft,
  set: Measurements,
  prefix: string,
  name: NumericMeasurement,
  doubtful: 'implausible' | 'unit-ambiguous',
): void {
  draft.extra[prefix + name] = set[name]
  delete set[name]
  doubt(draft.quality, `${doubtful}:${name}`)
}

function judgeVoltage(
  draft: Draft,
  set: Measurements,
  prefix: string,
  voltage: number,
  { ratedVoltage }: ElectricalLimits,
): void {
  // A dead line has a volt or two. A little more may be a direct-current socket, or the battery of the device itself.
  const possible = voltage >= 0 && voltage <= HIGHEST_VOLTAGE
  const mains = voltage <= 3 || voltage >= LOWEST_VOLTAGE
  const usual =
    ratedVoltage === null ||
    (voltage >= 0.6 * ratedVoltage && voltage <= 1.4 * ratedVoltage) ||
    Math.abs(voltage) <= 0.03 * ratedVoltage
  if (possible && mains && usual) return
  if (isCertain(draft, 'voltage') || (possible && !isScaled(voltage, ratedVoltage) && (mains || draft.ownForm))) {
    doubt(draft.quality, 'implausible:voltage')
    return
  }
  withdraw(draft, set, prefix, 'voltage', 'implausible')
  if (voltage <= HIGHEST_VOLTAGE) return
  // A device that writes its voltage in millivolts writes the rest in units of its own, too.
  for (const name of WITH_UNITS) {
    if (set[name] !== undefined && set[name] !== 0 && !isCertain(draft, name)) {
      withdraw(draft, set, prefix, name, 'unit-ambiguous')
    }
  }
}

/** True when the rated voltage in another unit explains a number. */
function isScaled(voltage: number, ratedVoltage: number | null): boolean {
  if (ratedVoltage === null) return false
  return [0.001, 0.01, 0.1, 10].some(
    (scale) => voltage * scale >= 0.8 * ratedVoltage && voltage * scale <= 1.2 * ratedVoltage,
  )
}

/** Values that the PDU cannot deliver. */
function judgeSize(draft: Draft, set: Measurements, prefix: string, limits: ElectricalLimits, phases: number): void {
  const highestCurrent = (limits.maximumCurrent ?? HIGHEST_CURRENT) * OVERLOAD
  const { current, energy } = set
  if (current !== undefined && Math.abs(current) > highestCurrent * phases) tooMuch(draft, set, prefix, 'current')
  const highestPower = highestCurrent * (limits.ratedVoltage ?? 400) * (limits.phases ?? 3)
  for (const name of POWERS) {
    const power = set[name]
    if (power !== undefined && (power > highestPower || power < -highestPower)) tooMuch(draft, set, prefix, name)
  }
  // In kWh, 20 years at full load: a counter in watt hours.
  if (energy !== undefined && limits.maximumCurrent !== null && energy > highestPower * 175) {
    tooMuch(draft, set, prefix, 'energy')
  }
}

function tooMuch(draft: Draft, set: Measurements, prefix: string, name: NumericMeasurement): void {
  if (isCertain(draft, name)) doubt(draft.quality, `implausible:${name}`)
  else withdraw(draft, set, prefix, name, 'unit-ambiguous')
}

/** A power factor of 95 is 95 % where active and apparent power say the same. */
function isPercent(draft: Draft, set: Measurements, factor: number): boolean {
  const { active_power: active, voltage, current } = set
  if (draft.unitsKnown || active === undefined || factor > 100 || factor < -100) return false
  const apparent = set.apparent_power ?? (voltage !== undefined && current !== undefined ? voltage * current : 0)
  return apparent >= 5 && Math.abs(Math.abs(active / apparent) - Math.abs(factor) / 100) < 0.05
}

/** Voltage, current, power and power factor of one moment agree: P = U · I · cos φ. */
function judgeTogether(draft: Draft, set: Measurements, prefix: string, voltage: number, current: number): void {
  const { active_power: active, apparent_power: apparent, power_factor: factor } = set
  const product = Math.abs(voltage * current)
  if (!draft.unitsKnown) {
    const power = active !== undefined && active !== 0 ? active : (apparent ?? 0)
    if (contradicts(Math.abs(power), product, factor)) {
      // Either is in a unit of its own: 74 "A" may be mA, 2.3 "W" may be kW. A unit that is written is believed.
      const named = power === active ? 'active_power' : 'apparent_power'
      const [currentIs, powerIs] = [isCertain(draft, 'current'), isCertain(draft, named)]
      if (!currentIs) withdraw(draft, set, prefix, 'current', 'unit-ambiguous')
      if (!powerIs) {
        for (const name of POWERS) {
          if (set[name] !== undefined && set[name] !== 0 && !isCertain(draft, name)) {
            withdraw(draft, set, prefix, name, 'unit-ambiguous')
          }
        }
      }
      if (currentIs && powerIs) doubt(draft.quality, 'skewed')
      return
    }
  }
  if (active !== undefined && Math.abs(active) >= TELLING_POWER && Math.abs(active) > PUZZLING_RATIO * product) {
    doubt(draft.quality, 'skewed')
  }
  if (active !== undefined && factor !== undefined && product >= 5) {
    if (Math.abs(Math.abs(active) / product - Math.abs(factor)) > SKEW) doubt(draft.quality, 'skewed')
  }
}

/** True when no load explains a power beside the product of voltage and current. */
function contradicts(power: number, product: number, factor: number | undefined): boolean {
  if (power === 0) return false
  const ratio = power / product
  const expected = factor !== undefined && Math.abs(factor) >= 0.2 && Math.abs(factor) <= 1 ? Math.abs(factor) : null
  if (product >= TELLING_POWER && (ratio < LOWEST_RATIO || (expected !== null && ratio < expected / 8))) return true
  return power >= TELLING_POWER && product >= 1 && ratio > HIGHEST_RATIO
}
