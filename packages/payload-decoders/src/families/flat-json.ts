import { isEmpty } from '@iomt/contracts/is-empty'
import type { NumericMeasurement } from '@iomt/contracts/measurements'
import { type Draft, doubt, newDraft, noteUnit, type Outcome, rejected } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { meaningOfKey } from '../fields/key-meaning.ts'
import { REMARK } from '../fields/remarks.ts'
import type { JsonObject, Message, Scope } from '../message.ts'
import { quantityOfText, readNumber, readSwitch, switchWord } from '../numbers.ts'
import { isBeyondFirst } from '../outlets.ts'
import { toCanonical, type Unit } from '../units.ts'

/** Known fields without a canonical measurement; they make a message ours, too. */
const STATE_FIELDS: ReadonlySet<string> = new Set(['machine_state', 'sensor_state', 'over_voltage', 'under_voltage'])

/** Fields that only one vendor's flat messages have; those are for its own decoder, which knows their units. */
const VENDOR_FIELDS: ReadonlySet<string> = new Set([
  'linkquality',
  'power_sum',
  'socket_status',
  'is_valid',
  'cur_power',
  'cur_voltage',
  'cur_current',
  'today_runtime',
  'month_runtime',
  'entity_id',
])

const CLOSER_LOOK = new RegExp(
  `${REMARK.source}|^(?:uom|date|unit_of_measurement|is_?valid|valid|quality|q)$|^batt`,
  'i',
)

/**
 * The field system's flat object, which is the contract for devices of one's own: measurements in V, A, W, VA, var, Hz, kWh as
 * numbers or numbers in text, states and a timestamp, by canonical names or usual ones in several languages, with a unit in the
 * name where it is another (`current_ma`). Any subset will do. Fields that it does not know are kept in `extra`.
 */
export const flatJson: Family = {
  name: 'flat-json',
  version: 1,
  recognisedBy: 'an object with measurements by name and nothing nested',

  read(message: Message, scope: Scope): Outcome | null {
    // One of several sockets on a topic: whose values these are is for the decoder that looks for outlets.
    if (message.kind !== 'object' || isBeyondFirst(scope.channel)) return null
    return readFlat(message.object, message, scope)
  },
}

function readFlat(payload: JsonObject, message: Message, scope: Scope): Outcome | null {
  const draft = newDraft(false)
  draft.ownForm = true
  const { measurements, extra } = draft
  let known = 0
  let clock: unknown
  let clockRank = 0

  for (const field in payload) {
    const value = payload[field]
    const { kind, measurement, rank, plain, name, unit } = meaningOfKey(field)
    if (rank !== 4 && rank !== 3 && VENDOR_FIELDS.has(field)) return null
    if (!plain && kind !== 'unknown' && kind !== 'weak-relay') return null
    if (typeof value === 'object' && value !== null) {
      if (field === 'timestamp') {
        // A timestamp by name that is none: the message stays flat, its clock is invalid.
        clock = value
        clockRank = rank
      } else if (STATE_FIELDS.has(field)) {
        known += 1
        extra[field] = value
      } else return null
    } else if (kind === 'measurement') {
      known += 1
      // Two fields for one measurement: which counts is for the decoder that weighs them.
      if (measurement === null || measurements[measurement] !== undefined) return null
      if (!setMeasurement(draft, measurement, unit, value)) return null
    } else if (kind === 'relay' || kind === 'weak-relay') {
      known += 1
      if (!setRelay(draft, field, kind, value)) return null
    } else if (kind === 'clock') {
      if (rank > clockRank) {
        clock = value
        clockRank = rank
      }
    } else if (kind === 'extra') {
      known += 1
      if (typeof value === 'number') extra[name] = unit === null ? value : toCanonical(value, unit)
    } else if (value !== null) {
      // Something about another field, a battery whose voltage it may be, a day without a time: for a closer look.
      if (CLOSER_LOOK.test(field)) return null
      if (STATE_FIELDS.has(field)) known += 1
      extra[field] = value
    }
  }
  if (known === 0) return null
  const empty = draft.quality.length > 0 && isEmpty(measurements) && isEmpty(extra)
  if (empty) return rejected('invalid-value', `no field has a usable value (${draft.quality.join(', ')})`)
  putClock(draft, clock, message, scope)
  return draft
}

/** False for a word of a switch: `"POWER": "ON"` is no measurement, and others know better what it is. */
function setMeasurement(draft: Draft, name: NumericMeasurement, unit: Unit | null, value: unknown): boolean {
  if (unit !== null) noteUnit(draft, name)
  if (typeof value === 'number') {
    draft.measurements[name] = unit === null ? value : toCanonical(value, unit)
    return true
  }
  const number = readNumber(value)
  if (typeof number === 'number') {
    draft.measurements[name] = unit === null ? number : toCanonical(number, unit)
  } else if (number === undefined) {
    if (typeof value === 'boolean' || (typeof value === 'string' && switchWord(value) !== null)) return false
    const quantity = typeof value === 'string' ? quantityOfText(value) : undefined
    if (quantity?.unit.dimension === name) {
      draft.measurements[name] = toCanonical(quantity.value, quantity.unit)
      noteUnit(draft, name)
    } else doubt(draft.quality, `invalid:${name}`)
  }
  return true
}

/** `state`, `status` and `output` may be anything else, too: only a word for on or off makes them a relay. */
function setRelay(draft: Draft, field: string, kind: 'relay' | 'weak-relay', value: unknown): boolean {
  const on = kind === 'relay' ? readSwitch(value) : typeof value === 'string' ? switchWord(value) : null
  if (on !== null) {
    if (draft.measurements.relay_on !== undefined) return false
    draft.measurements.relay_on = on
  } else if (kind === 'weak-relay' && typeof value === 'boolean') {
    return false
  } else if (value !== null) draft.extra[field] = value
  return true
}
