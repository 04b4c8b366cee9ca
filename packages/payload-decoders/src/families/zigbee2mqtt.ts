import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName } from '../decoded-payload.ts'
import { type Draft, doubt, newDraft, type Outcome, put, putExtra, putInto } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import type { JsonObject, Message, Scope } from '../message.ts'
import { readNumber, switchWord } from '../numbers.ts'
import { chooseOutlet, isBeyondFirst } from '../outlets.ts'
import { addTotals, phaseOfDraft } from '../phases.ts'

/** V, A, W, var, VA, Hz, kWh. */
const FIELDS: ReadonlyArray<readonly [key: string, measurement: NumericMeasurement]> = [
  ['voltage', 'voltage'],
  ['current', 'current'],
  ['power', 'active_power'],
  ['power_apparent', 'apparent_power'],
  ['apparent_power', 'apparent_power'],
  ['power_reactive', 'reactive_power'],
  ['reactive_power', 'reactive_power'],
  ['ac_frequency', 'frequency'],
  ['energy', 'energy'],
  ['consumption', 'energy'],
]
const PHASES: readonly PhaseName[] = ['l1', 'l2', 'l3']
const LETTERS = ['a', 'b', 'c'] as const
/** Endpoints of strips and double sockets: `state_l1`, `power_left`. */
const ENDPOINT = /^(?:state|power|current|energy)_(l\d{1,2}|left|right|center|top|bottom|\d{1,2}|[ab])$/

/**
 * Zigbee2MQTT: one object a device, with every value that it has. `_a`, `_b`, `_c` and `_phase_b` are phases; endpoints (`_l1`,
 * `_left`) are outlets, as are two clamps `_a` and `_b` without `_c`. The power factor is percent or a fraction, by device.
 */
export const zigbee2mqtt: Family = {
  name: 'zigbee2mqtt',
  version: 1,
  recognisedBy: 'linkquality beside measurements or a state',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { object } = message
    if (!('linkquality' in object) && !isDeviceTopic(message, object)) return null
    const draft = newDraft(true)
    const phases = phaseKeys(object)
    if (phases !== null) readPhases(draft, object, phases)
    else {
      const endpoints = endpointsOf(object)
      if (endpoints.length > 0) {
        const outcome = readEndpoint(draft, object, endpoints, scope)
        if (outcome !== null) return outcome
      } else readDevice(draft, object, scope)
    }
    if ('device_temperature' in object) put(draft, 'temperature', object['device_temperature'])
    else put(draft, 'temperature', object['temperature'])
    putExtra(draft, 'linkquality', object['linkquality'])
    putExtra(draft, 'energy_export', object['produced_energy'])
    putClock(draft, object['last_seen'], message, scope)
    return draft
  },
}

/** Some set-ups leave linkquality out. */
function isDeviceTopic(message: Message, object: JsonObject): boolean {
  return /(?:^|\/)zigbee2mqtt\/[^/]+$/.test(message.topic) && ('last_seen' in object || 'power' in object)
}

function readDevice(draft: Draft, object: JsonObject, scope: Scope): void {
  const battery = 'battery' in object
  const ofDevice = isBeyondFirst(scope.channel)
  for (const [key, measurement] of FIELDS) {
    const value = object[key]
    // Of a sensor with a battery it is the battery's, in mV.
    if (value === undefined || (measurement === 'voltage' && battery)) continue
    if (ofDevice && measurement !== 'voltage' && measurement !== 'frequency') {
      doubt(draft.quality, `not-split-by-channel:${measurement}`)
    } else put(draft, measurement, value)
  }
  if (ofDevice) return
  putFactor(draft, draft.measurements, object['power_factor'], false)
  const state = object['state']
  const on = typeof state === 'string' ? switchWord(state) : null
  if (on !== null) draft.measurements.relay_on = on
}

/** The suffixes of the three phases, or null when there are none. */
function phaseKeys(object: JsonObject): readonly [string, string, string] | null {
  for (const name of ['voltage', 'current', 'power']) {
    if (`${name}_phase_b` in object && `${name}_phase_c` in object) {
      return [`${name}_phase_a` in object ? '_phase_a' : '', '_phase_b', '_phase_c']
    }
    if (`${name}_a` in object && `${name}_b` in object && `${name}_c` in object) return ['_a', '_b', '_c']
    if (`${name}_l1` in object && `${name}_l2` in object && `${name}_l3` in object && !('state_l1' in object)) {
      return ['_l1', '_l2', '_l3']
    }
  }
  return null
}

function readPhases(draft: Draft, object: JsonObject, suffixes: readonly [string, string, string]): void {
  const percent = LETTERS.some((_, index) => Math.abs(readNumber(object[`power_factor${suffixes[index]}`]) ?? 0) > 1)
  for (const [index, phase] of PHASES.entries()) {
    const suffix = suffixes[index] as string
    const set: Measurements = {}
    for (const [key, measurement] of FIELDS) {
      // Without a suffix of its own, the first phase of a power or counter cannot be told from the total.
      if (suffix === '' && measurement !== 'voltage' && measurement !== 'current') continue
      putInto(set, draft, measurement, object[`${key}${suffix}`])
    }
    if (suffix !== '') putFactor(draft, set, object[`power_factor${suffix}`], percent)
    if (Object.keys(set).length > 0) Object.assign(phaseOfDraft(draft, phase), set)
  }
  put(draft, 'frequency', object['ac_frequency'])
  if (suffixes[0] === '') {
    put(draft, 'energy', object['energy'])
    if (object['power'] !== undefined && object['power'] !== null) {
      doubt(draft.quality, 'ambiguous:active_power')
      draft.extra['power'] = object['power']
    }
    return
  }
  put(draft, 'active_power', object['power'])
  put(draft, 'current', object['current'])
  put(draft, 'reactive_power', object['power_reactive'])
  put(draft, 'apparent_power', object['power_apparent'])
  put(draft, 'energy', object['energy'])
  putFactor(draft, draft.measurements, object['power_factor'], percent)
  addTotals(draft)
}

function endpointsOf(object: JsonObject): readonly string[] {
  const endpoints = new Set<string>()
  for (const key in object) {
    const endpoint = ENDPOINT.exec(key)?.[1]
    if (endpoint !== undefined) endpoints.add(endpoint)
  }
  return [...endpoints]
}

function readEndpoint(draft: Draft, object: JsonObject, endpoints: readonly string[], scope: Scope): Outcome | null {
  const byNumber = endpoints.map((endpoint) => endpoint.replace(/^l(?=\d)/, ''))
  const numbered = scope.channel !== null && !endpoints.includes(scope.channel) ? byNumber : endpoints
  const chosen = chooseOutlet(scope, numbered, true)
  if (typeof chosen !== 'number') return chosen
  const suffix = `_${endpoints[chosen]}`
  for (const [key, measurement] of FIELDS) {
    const shared = measurement === 'voltage' || measurement === 'frequency'
    const value = object[`${key}${suffix}`] ?? (shared || endpoints.length === 1 ? object[key] : undefined)
    put(draft, measurement, value)
  }
  putFactor(draft, draft.measurements, object[`power_factor${suffix}`], false)
  const state = object[`state${suffix}`]
  const on = typeof state === 'string' ? switchWord(state) : null
  if (on !== null) draft.measurements.relay_on = on
  return null
}

/** Percent of one device, a fraction of another. Above 1 it can only be percent. */
function putFactor(draft: Draft, set: Measurements, value: unknown, percent: boolean): void {
  if (value === undefined) return
  const number = typeof value === 'number' ? Math.abs(value) : Number.NaN
  putInto(set, draft, 'power_factor', value, percent || (number > 1 && number <= 100) ? 100 : 1)
}
