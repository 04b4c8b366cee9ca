import type { Measurements } from '@iomt/contracts/measurements'
import { doubt, newDraft, type Outcome, putInto, putRelay, rejected } from '../draft.ts'
import type { Family } from '../family.ts'
import { isObject, type JsonObject, type Message, objectsIn, type Scope } from '../message.ts'
import { readNumber } from '../numbers.ts'
import { channelRequired, chooseOutlet } from '../outlets.ts'

/** Milliamperes, deciwatts, decivolts, at the ids of two generations of plugs. */
const METERS = [
  { current: '18', power: '19', voltage: '20' },
  { current: '4', power: '5', voltage: '6' },
] as const
/** 50 to 500 V in decivolts. */
const LOWEST_VOLTAGE = 500
const HIGHEST_VOLTAGE = 5_000

/**
 * Tuya: data points by number or by code. Numbers mean what they mean only in a product's own profile; those of metering plugs are
 * read when voltage, current and power fit each other, and kept in `extra` otherwise, for a mapping.
 */
export const tuya: Family = {
  name: 'tuya',
  version: 1,
  recognisedBy: 'dps with numbered data points, or the codes cur_voltage, cur_current, cur_power',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind === 'array') {
      const codes = codesOf({ status: message.value })
      return codes && readCodes(codes, scope)
    }
    if (message.kind !== 'object') return null
    const { object } = message
    const points = pointsOf(object)
    if (points !== null) return readPoints(points, scope)
    const codes = codesOf(object)
    return codes && readCodes(codes, scope)
  },
}

function pointsOf(object: JsonObject): JsonObject | null {
  const data = object['data']
  const points = object['dps'] ?? (isObject(data) ? data['dps'] : undefined)
  return isObject(points) && Object.keys(points).every((key) => /^\d{1,3}$/.test(key)) ? points : null
}

function readPoints(points: JsonObject, scope: Scope): Outcome {
  const draft = newDraft(true)
  const switches = ['1', '2', '3', '4', '5', '6'].filter((id) => typeof points[id] === 'boolean')
  const chosen = switches.length === 0 ? null : chooseOutlet(scope, switches, true)
  if (chosen !== null && typeof chosen !== 'number') return chosen
  if (chosen !== null) putRelay(draft, points[switches[chosen] as string])
  const meter = METERS.find(({ current, power, voltage }) =>
    [current, power, voltage].some((id) => typeof points[id] === 'number'),
  )
  if (meter !== undefined) {
    const set: Measurements = {}
    putInto(set, draft, 'voltage', points[meter.voltage], 10)
    if (switches.length > 1) doubt(draft.quality, 'not-split-by-channel:active_power')
    else {
      putInto(set, draft, 'current', points[meter.current], 1_000)
      putInto(set, draft, 'active_power', points[meter.power], 10)
    }
    if (isMains(points[meter.voltage]) && fits(set)) Object.assign(draft.measurements, set)
    else {
      for (const name of Object.keys(set)) doubt(draft.quality, `unit-ambiguous:${name}`)
      for (const id of Object.values(meter)) if (points[id] !== undefined) draft.extra[`dp_${id}`] = points[id]
    }
  }
  if (switches.length === 0 && meter === undefined) {
    const found = Object.keys(points).slice(0, 20).join(', ')
    return rejected('no-known-field', `no data point of a metering plug (found: ${found}): set payload_config.mapping`)
  }
  // A delta: devices send what changed.
  draft.partial = !('1' in points) || meter === undefined
  return draft
}

function isMains(value: unknown): boolean {
  const number = readNumber(value)
  return typeof number === 'number' && (number === 0 || (number >= LOWEST_VOLTAGE && number <= HIGHEST_VOLTAGE))
}

/** Power is at most what voltage and current make, with room for rounding and for values of two moments. */
function fits({ voltage, current, active_power: power }: Measurements): boolean {
  if (voltage === undefined || current === undefined || power === undefined) return true
  return Math.abs(power) <= 1.3 * voltage * current + 10
}

const CODES = ['cur_voltage', 'cur_current', 'cur_power'] as const

/** `{"cur_power": 1701, …}`, or a list of `{code, value}`. */
function codesOf(object: JsonObject): JsonObject | null {
  const list = object['status'] ?? object['result'] ?? object['properties']
  if (Array.isArray(list)) {
    const entries = objectsIn(list).flatMap(
      ({ code, value }): Array<[string, unknown]> => (typeof code === 'string' ? [[code, value]] : []),
    )
    const codes = Object.fromEntries(entries)
    return CODES.some((code) => code in codes) || 'switch_1' in codes || 'switch' in codes ? codes : null
  }
  return CODES.some((code) => code in object) ? object : null
}

function readCodes(codes: JsonObject, scope: Scope): Outcome {
  const draft = newDraft(true)
  const switches = Object.keys(codes).flatMap((code) => /^switch_(\d)$/.exec(code)?.[1] ?? [])
  if (switches.length > 1 && scope.channel === null) return channelRequired(switches)
  if (switches.length > 0) {
    const chosen = chooseOutlet(scope, switches, true)
    if (typeof chosen !== 'number') return chosen
    putRelay(draft, codes[`switch_${switches[chosen]}`])
  } else putRelay(draft, codes['switch'])
  const set: Measurements = {}
  putInto(set, draft, 'voltage', codes['cur_voltage'], 10)
  if (switches.length <= 1) {
    putInto(set, draft, 'current', codes['cur_current'], 1_000)
    putInto(set, draft, 'active_power', codes['cur_power'], 10)
  }
  const voltage = codes['cur_voltage']
  if ((voltage === undefined || isMains(voltage)) && fits(set)) Object.assign(draft.measurements, set)
  else for (const name of Object.keys(set)) doubt(draft.quality, `unit-ambiguous:${name}`)
  draft.partial = true
  return draft
}
