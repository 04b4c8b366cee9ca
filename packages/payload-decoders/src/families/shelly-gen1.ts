import type { NumericMeasurement } from '@iomt/contracts/measurements'
import { type Draft, ignored, newDraft, type Outcome, put, putExtra, putInto, putRelay } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { isObject, type JsonObject, levelsOf, type Message, objectsIn, type Scope } from '../message.ts'
import { switchWord } from '../numbers.ts'
import { chooseOutlet } from '../outlets.ts'
import { addTotals, PHASE_NAMES, phaseOfDraft } from '../phases.ts'

/** Meters of relays count watt-minutes, energy meters (EM, 3EM) watt hours: the same maker, the same generation. */
const WATT_MINUTES = 60_000
const WATT_HOURS = 1_000

/** `relay/0/energy`, `emeter/2/total`, `relay/0`: the end of a topic, whatever is in front. */
const ATTRIBUTE = /(?:^|\/)(relay|emeter|meter|light|roller)\/(\d{1,2})(?:\/([a-z_]+))?$/

type Attribute = readonly [measurement: NumericMeasurement, divide: number]
const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map([
  ['power', ['active_power', 1]],
  ['reactive_power', ['reactive_power', 1]],
  ['voltage', ['voltage', 1]],
  ['current', ['current', 1]],
  ['pf', ['power_factor', 1]],
  ['energy', ['energy', WATT_MINUTES]],
  ['total', ['energy', WATT_HOURS]],
])

/** Shelly Gen1: the status object (`info`), and one topic for each value. */
export const shellyGen1: Family = {
  name: 'shelly-gen1',
  version: 1,
  recognisedBy: 'relays with meters or emeters, or a topic that ends in relay/0/power and the like',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind === 'object') return readStatus(message.object, message, scope)
    return message.kind === 'text' || message.kind === 'value' ? readAttribute(message, scope) : null
  },
}

function readAttribute(message: Message, scope: Scope): Outcome | null {
  const match = ATTRIBUTE.exec(message.topic)
  if (!match) return readDeviceAttribute(message)
  const [, kind, id, attribute] = match as unknown as [string, string, string, string | undefined]
  const known = attribute === undefined ? undefined : ATTRIBUTES.get(attribute)
  if (attribute !== undefined && known === undefined && attribute !== 'total_returned') {
    return isGen1Topic(message.topic) ? ignored('no-reading', `${attribute} is no measurement`) : null
  }
  // On a topic of its own the outlet is chosen by subscribing; below the socket's topic there may be several.
  const chosen = message.relativeTopic === null ? 0 : chooseOutlet(scope, [id], false, '0')
  if (typeof chosen !== 'number') return chosen
  const draft = newDraft(true)
  draft.partial = true
  const text = message.text.trim()
  if (attribute === undefined) {
    const on = switchWord(text)
    if (on === null && text !== 'overpower') return null
    // Switched off by the device itself.
    draft.measurements.relay_on = on ?? false
    if (on === null) draft.extra['overpower'] = true
  } else if (known === undefined) putExtra(draft, 'energy_export', text, WATT_HOURS)
  else if (kind === 'emeter' && scope.channel === null && Number(id) <= 2 && isPhaseOf(scope, id)) {
    putInto(phaseOfDraft(draft, PHASE_NAMES[Number(id)] ?? 'l1'), draft, known[0], text, known[1])
  } else put(draft, known[0], text, known[1])
  return draft
}

/** Clamps of a PDU with three phases are its phases. */
const isPhaseOf = (scope: Scope, id: string): boolean => scope.limits.phases === 3 && Number(id) < 3

const isGen1Topic = (topic: string): boolean => topic.startsWith('shellies/')

/** `shellies/<id>/temperature`, `shellies/<id>/voltage`. */
function readDeviceAttribute(message: Message): Outcome | null {
  if (!isGen1Topic(message.topic)) return null
  const last = levelsOf(message.topic).at(-1)
  const draft = newDraft(true)
  draft.partial = true
  if (last === 'temperature') put(draft, 'temperature', message.text)
  else if (last === 'voltage') put(draft, 'voltage', message.text)
  else return ignored('no-reading', `${last ?? 'the topic'} is no measurement`)
  return draft
}

function readStatus(status: JsonObject, message: Message, scope: Scope): Outcome | null {
  const { relays, meters, emeters } = status
  if (!Array.isArray(emeters) && !Array.isArray(meters)) return null
  const energyMeters = objectsIn(emeters)
  const relayList = objectsIn(relays)
  const meterList = energyMeters.length > 0 ? energyMeters : objectsIn(meters)
  if (!meterList.some((meter) => 'power' in meter || 'is_valid' in meter)) return null
  const draft = newDraft(true)
  const three = energyMeters.length === 3
  if (three && (scope.limits.phases === 3 || (scope.channel === null && 'total_power' in status))) {
    readThreePhases(draft, energyMeters, status)
    if (relayList.length === 1) putRelay(draft, relayList[0]?.['ison'])
  } else {
    const labels = meterList.map((_, index) => String(index))
    const chosen = chooseOutlet(scope, labels, true)
    if (typeof chosen !== 'number') return chosen
    readMeter(draft, meterList[chosen] as JsonObject, energyMeters.length > 0)
    if (relayList.length === meterList.length) putRelay(draft, relayList[chosen]?.['ison'])
  }
  // Of a double relay; the same mains for both.
  if (draft.measurements.voltage === undefined && typeof status['voltage'] === 'number') {
    put(draft, 'voltage', status['voltage'])
  }
  const thermometer = status['tmp']
  const trusted = isObject(thermometer) && thermometer['is_valid'] !== false ? thermometer['tC'] : undefined
  put(draft, 'temperature', trusted ?? (isObject(thermometer) ? undefined : status['temperature']))
  // `timestamp` of a meter is in local time, without saying which.
  putClock(draft, status['unixtime'] === 0 ? undefined : status['unixtime'], message, scope)
  return draft
}

function readMeter(draft: Draft, meter: JsonObject, isEnergyMeter: boolean): void {
  // The device says that it has not measured.
  if (meter['is_valid'] === false) return
  put(draft, 'voltage', meter['voltage'])
  put(draft, 'current', meter['current'])
  put(draft, 'active_power', meter['power'])
  put(draft, 'reactive_power', meter['reactive'])
  put(draft, 'power_factor', meter['pf'])
  put(draft, 'energy', meter['total'], isEnergyMeter ? WATT_HOURS : WATT_MINUTES)
  putExtra(draft, 'energy_export', meter['total_returned'], WATT_HOURS)
}

function readThreePhases(draft: Draft, meters: readonly JsonObject[], status: JsonObject): void {
  for (const [index, meter] of meters.entries()) {
    if (meter['is_valid'] === false) continue
    const set = phaseOfDraft(draft, PHASE_NAMES[index] ?? 'l1')
    putInto(set, draft, 'voltage', meter['voltage'])
    putInto(set, draft, 'current', meter['current'])
    putInto(set, draft, 'active_power', meter['power'])
    putInto(set, draft, 'reactive_power', meter['reactive'])
    putInto(set, draft, 'power_factor', meter['pf'])
    putInto(set, draft, 'energy', meter['total'], WATT_HOURS)
  }
  put(draft, 'active_power', status['total_power'])
  if (meters.every((meter) => meter['is_valid'] !== false)) addTotals(draft)
}
