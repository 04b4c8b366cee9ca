import type { NumericMeasurement } from '@iomt/contracts/measurements'
import { type Draft, doubt, ignored, newDraft, type Outcome, put, putExtra } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { isObject, type JsonObject, type Message, objectAt, type Scope } from '../message.ts'
import { readNumber, switchWord } from '../numbers.ts'
import { chooseOutlet, isBeyondFirst } from '../outlets.ts'
import { addTotals, putPhases } from '../phases.ts'
import { toCanonical, unitOf } from '../units.ts'

type Field = readonly [key: string, measurement: NumericMeasurement]

/** V, A, W, VA, var, Hz and kWh. */
const ENERGY_FIELDS: readonly Field[] = [
  ['Voltage', 'voltage'],
  ['Current', 'current'],
  ['Power', 'active_power'],
  ['ApparentPower', 'apparent_power'],
  ['ReactivePower', 'reactive_power'],
  ['Factor', 'power_factor'],
  ['Frequency', 'frequency'],
  ['Total', 'energy'],
]
/** The Sonoff SPM: one element a relay. */
const SPM_FIELDS: readonly Field[] = [
  ...ENERGY_FIELDS.filter(([key]) => key !== 'Power' && key !== 'Total'),
  ['ActivePower', 'active_power'],
  ['Energy', 'energy'],
]
const EXTRA_FIELDS = [
  ['Today', 'energy_today'],
  ['Yesterday', 'energy_yesterday'],
  ['ExportActive', 'energy_export'],
] as const
const RELAY_KEY = /^POWER([1-9]\d?)?$/

/**
 * Tasmota: SENSOR, STATE, RESULT and the STATUS answers. Arrays in ENERGY are phases when there are three, else relays; in SPM they
 * are relays; in `…Tariff` tariffs. `POWER` in capitals is the relay.
 */
export const tasmota: Family = {
  name: 'tasmota',
  version: 1,
  recognisedBy: 'an object ENERGY or SPM, StatusSNS or StatusSTS, POWER with ON or OFF, or TempUnit',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { object } = message
    const root = isObject(object['StatusSNS'])
      ? object['StatusSNS']
      : isObject(object['StatusSTS'])
        ? object['StatusSTS']
        : object
    const energy = root['ENERGY']
    if (isObject(energy)) {
      if ('ConsumptionTotal' in energy || !ENERGY_FIELDS.some(([key]) => key in energy)) return null
      return readEnergy(energy, root, message, scope)
    }
    const zigbee = root['ZbReceived'] ?? root['ZbInfo']
    if (isObject(zigbee)) return readZigbee(zigbee, scope)
    const spm = root['SPM']
    if (isObject(spm)) return readRelays(spm, SPM_FIELDS, lengthOf(spm, SPM_FIELDS), root, message, scope)
    if (hasRelayWord(root)) return readState(root, message, scope)
    if (typeof root['TempUnit'] === 'string') return finish(newDraft(true), root, message, scope)
    return isObject(root['Status']) ? readStatus(root['Status']) : isOther(root)
  },
}

function readEnergy(energy: JsonObject, root: JsonObject, message: Message, scope: Scope): Outcome {
  const length = lengthOf(energy, ENERGY_FIELDS)
  const { channel, limits } = scope
  const phases = length === 3 ? channel === null || limits.phases === 3 : length === 2 && limits.phases === 2
  if (length > 1 && !phases) return readRelays(energy, ENERGY_FIELDS, length, root, message, scope)
  const draft = newDraft(true)
  const ofDevice = isBeyondFirst(channel) && !phases
  for (const [key, measurement] of ENERGY_FIELDS) {
    const value = energy[key]
    if (value === undefined) continue
    if (Array.isArray(value) && phases) putPhases(draft, measurement, value)
    else if (!ofDevice || measurement === 'voltage' || measurement === 'frequency') {
      put(draft, measurement, Array.isArray(value) ? value[0] : value)
    } else doubt(draft.quality, `not-split-by-channel:${measurement}`)
  }
  if (!ofDevice) {
    for (const [key, name] of EXTRA_FIELDS) putExtra(draft, name, sumOf(energy[key]))
  }
  addTotals(draft, length)
  return finish(draft, root, message, scope)
}

/** One element a relay: the socket's own is taken; voltage and frequency may be common to all. */
function readRelays(
  values: JsonObject,
  fields: readonly Field[],
  length: number,
  root: JsonObject,
  message: Message,
  scope: Scope,
): Outcome {
  const labels = Array.from({ length }, (_, index) => String(index + 1))
  const chosen = chooseOutlet(scope, labels, true)
  if (typeof chosen !== 'number') return chosen
  const draft = newDraft(true)
  for (const [key, measurement] of fields) {
    const value = values[key]
    if (Array.isArray(value)) put(draft, measurement, value.length === 1 ? undefined : value[chosen])
    else if (measurement === 'voltage' || measurement === 'frequency') put(draft, measurement, value)
  }
  for (const [key, name] of EXTRA_FIELDS) {
    const value = values[key]
    if (Array.isArray(value)) putExtra(draft, name, value[chosen])
  }
  return finish(draft, root, message, scope)
}

/** The relays, and nothing else: in STATE `Vcc` is the supply of the chip. */
function readState(root: JsonObject, message: Message, scope: Scope): Outcome {
  const relays: Array<readonly [string, string]> = []
  for (const key of Object.keys(root)) {
    const match = RELAY_KEY.exec(key)
    const state = root[key]
    if (match && typeof state === 'string') relays.push([match[1] ?? '1', state])
  }
  const labels = relays.map(([label]) => label)
  const whole = 'Uptime' in root || 'UptimeSec' in root
  const chosen = chooseOutlet(scope, labels, whole, '1')
  if (typeof chosen !== 'number') return chosen
  const draft = newDraft(true)
  draft.partial = !whole
  const on = switchWord(relays[chosen]?.[1] ?? '')
  if (on !== null) draft.measurements.relay_on = on
  putClock(draft, root['Time'], message, scope)
  return draft
}

/** STATUS: `Power` there is a bit for each relay. */
function readStatus(status: JsonObject): Outcome {
  const names = status['FriendlyName']
  const bits = readNumber(status['Power'])
  if (!Array.isArray(names) || names.length > 1 || (bits !== 0 && bits !== 1)) {
    return ignored('no-reading', 'a Tasmota STATUS message without a state of a single relay')
  }
  const draft = newDraft(true)
  draft.partial = true
  draft.measurements.relay_on = bits === 1
  return draft
}

/** A Zigbee device behind a Tasmota bridge: `Power` is its switch there, `ActivePower` the watts. */
function readZigbee(devices: JsonObject, scope: Scope): Outcome {
  const names = Object.keys(devices).filter((name) => isObject(devices[name]))
  const chosen = chooseOutlet(scope, names, false)
  if (typeof chosen !== 'number') return chosen
  const device = objectAt(devices, names[chosen] ?? '')
  const draft = newDraft(true)
  draft.partial = true
  put(draft, 'voltage', device['RMSVoltage'])
  put(draft, 'current', device['RMSCurrent'])
  put(draft, 'active_power', device['ActivePower'])
  put(draft, 'temperature', device['Temperature'])
  if (device['Power'] === 0 || device['Power'] === 1) draft.measurements.relay_on = device['Power'] === 1
  putExtra(draft, 'linkquality', device['LinkQuality'])
  return draft
}

/** StatusNET, StatusFWR, Info1: about the device, not what it measures. */
function isOther(root: JsonObject): Outcome | null {
  const about = Object.keys(root).find((key) => /^(?:Status[A-Z]{2,4}|Info[123])$/.test(key))
  return about && isObject(root[about]) ? ignored('no-reading', `a Tasmota message about ${about}`) : null
}

function hasRelayWord(root: JsonObject): boolean {
  for (const key in root) {
    if (key.startsWith('POWER') && RELAY_KEY.test(key)) {
      const value = root[key]
      return typeof value === 'string' && switchWord(value) !== null
    }
  }
  return false
}

function finish(draft: Draft, root: JsonObject, message: Message, scope: Scope): Draft {
  readTemperatures(draft, root)
  putClock(draft, root['Time'], message, scope)
  return draft
}

/** The chip's own temperature is no measurement of the socket; of several sensors nobody knows which is meant. */
function readTemperatures(draft: Draft, root: JsonObject): void {
  let sensors: Array<readonly [string, unknown]> | null = null
  for (const key in root) {
    const group = root[key]
    if (key === 'ENERGY' || key === 'SPM' || !isObject(group) || typeof group['Temperature'] !== 'number') continue
    if (/^ESP(?:32|8266)/.test(key)) draft.extra['mcu_temperature'] = celsius(group['Temperature'], root)
    else {
      sensors ??= []
      sensors.push([key, celsius(group['Temperature'], root)])
    }
  }
  if (sensors === null) return
  if (sensors.length === 1) put(draft, 'temperature', sensors[0]?.[1])
  else for (const [key, value] of sensors) draft.extra[`temperature_${key.toLowerCase()}`] = value
}

const FAHRENHEIT = unitOf('°F')

function celsius(value: number, root: JsonObject): number {
  return root['TempUnit'] === 'F' && FAHRENHEIT ? toCanonical(value, FAHRENHEIT) : value
}

function lengthOf(values: JsonObject, fields: readonly Field[]): number {
  let length = 0
  for (const [key] of fields) {
    const value = values[key]
    if (Array.isArray(value) && value.length > length) length = value.length
  }
  return Math.min(length, 64)
}

/** Counters of phases add up. */
function sumOf(value: unknown): unknown {
  return Array.isArray(value) ? value.reduce((sum: number, one) => sum + (readNumber(one) ?? Number.NaN), 0) : value
}

/** Object at `StatusSNS` or itself; for OpenBeken, which borrows the form. */
export function sensorObject(object: JsonObject): JsonObject {
  return 'StatusSNS' in object ? objectAt(object, 'StatusSNS') : object
}
