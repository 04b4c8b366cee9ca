import { doubt, ignored, newDraft, type Outcome, put, putRelay } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import type { JsonObject, Message, Scope } from '../message.ts'
import { readNumber } from '../numbers.ts'
import { chooseOutlet } from '../outlets.ts'
import { uplinkOf } from './lorawan.ts'

/** Volts, but milliamperes, percent and watt hours in one object. */
const FIELDS: ReadonlySet<string> = new Set([
  'voltage',
  'active_power',
  'power',
  'power_factor',
  'factor',
  'power_consumption',
  'power_sum',
  'current',
  'socket_status',
  'state',
])
/** Port of Milesight's own protocol. */
const PORT = 85

/** Milesight smart sockets (WS52x and relatives): the object of their codec, alone or in a LoRaWAN uplink, or its bytes. */
export const milesight: Family = {
  name: 'milesight',
  version: 1,
  recognisedBy: 'socket_status, or power_consumption with a power factor, alone or in a ChirpStack or TTN uplink',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const uplink = uplinkOf(message.object)
    if (uplink === null) {
      const own = isSocket(message.object) || continues(message.object, scope)
      return own ? readSocket(message.object, undefined, message, scope) : null
    }
    const { decoded, bytes, port, time } = uplink
    if (decoded !== null) {
      const own = isSocket(decoded) || continues(decoded, scope)
      return own ? readSocket(decoded, time, message, scope) : null
    }
    if (bytes === null) return ignored('no-reading', 'a LoRaWAN event without data')
    const fields = port === PORT ? readBytes(bytes) : null
    return fields && readSocket(fields, time, message, scope)
  },
}

/** A later uplink may carry a part of the fields only, which then are in the same units. */
function continues(object: JsonObject, scope: Scope): boolean {
  if (scope.memory.family !== 'milesight') return false
  for (const key in object) if (!FIELDS.has(key)) return false
  return true
}

function isSocket(object: JsonObject): boolean {
  const counter = 'power_consumption' in object || 'power_sum' in object
  const factor = 'power_factor' in object || 'factor' in object
  const own =
    'socket_status' in object || 'switch_1' in object
      ? counter || 'current' in object || 'voltage' in object || 'socket_status' in object
      : counter && factor && ('active_power' in object || 'power' in object)
  return own && !countsInAmperes(object)
}

/** Another maker's object with the same names, but amperes: U · I · cos φ is the power as it stands. */
function countsInAmperes(object: JsonObject): boolean {
  const voltage = readNumber(object['voltage'])
  const current = readNumber(object['current'])
  const power = readNumber(object['active_power'] ?? object['power'])
  if (typeof voltage !== 'number' || typeof current !== 'number' || typeof power !== 'number') return false
  const product = voltage * current
  return product >= 5 && Math.abs(power) >= 0.05 * product
}

function readSocket(object: JsonObject, time: unknown, message: Message, scope: Scope): Outcome {
  const draft = newDraft(true)
  const switches = Object.keys(object).flatMap((key) => /^switch_([1-9])$/.exec(key)?.[1] ?? [])
  put(draft, 'voltage', object['voltage'])
  if (switches.length > 1) {
    const chosen = chooseOutlet(scope, switches, true)
    if (typeof chosen !== 'number') return chosen
    putRelay(draft, contact(object[`switch_${switches[chosen]}`]))
    doubt(draft.quality, 'not-split-by-channel:active_power')
  } else {
    put(draft, 'current', object['current'], 1_000)
    put(draft, 'active_power', object['active_power'] ?? object['power'])
    put(draft, 'power_factor', object['power_factor'] ?? object['factor'], 100)
    put(draft, 'energy', object['power_consumption'] ?? object['power_sum'], 1_000)
    putRelay(draft, contact(object['socket_status'] ?? object['state'] ?? object['switch_1']))
  }
  putClock(draft, time, message, scope)
  return draft
}

/** Older codecs of Milesight's own say `open` for a socket that is on. */
function contact(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const word = value.toLowerCase()
  return word === 'open' ? true : word === 'close' ? false : value
}

/** Channel and type, then the value, little-endian; null when something is not of a socket. */
function readBytes(bytes: Uint8Array): JsonObject | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: Record<string, unknown> = {}
  let at = 0
  while (at + 2 < bytes.length) {
    const kind = view.getUint16(at)
    const rest = bytes.length - at - 2
    if (kind === 0x0374 && rest >= 2) {
      fields['voltage'] = view.getUint16(at + 2, true) / 10
      at += 4
    } else if (kind === 0x0480 && rest >= 4) {
      fields['active_power'] = view.getUint32(at + 2, true)
      at += 6
    } else if (kind === 0x0581 && rest >= 1) {
      fields['power_factor'] = view.getUint8(at + 2)
      at += 3
    } else if (kind === 0x0683 && rest >= 4) {
      fields['power_consumption'] = view.getUint32(at + 2, true)
      at += 6
    } else if (kind === 0x07c9 && rest >= 2) {
      fields['current'] = view.getUint16(at + 2, true)
      at += 4
    } else if (kind === 0x0870 && rest >= 1) {
      fields['socket_status'] = (view.getUint8(at + 2) & 1) === 1
      at += 3
    } else return null
  }
  return at === bytes.length && at > 0 ? fields : null
}
