import { type Draft, doubt, ignored, newDraft, type Outcome } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { meaningOfKey, measurementIn } from '../fields/key-meaning.ts'
import { isObject, type JsonObject, labelOf, type Message, objectAt, type Scope } from '../message.ts'
import { readNumber, switchWord } from '../numbers.ts'
import { toCanonical, unitOf } from '../units.ts'

/** Home Assistant's state objects: what is measured is in `device_class`, the unit in the attributes. */
export const homeAssistant: Family = {
  name: 'home-assistant',
  version: 1,
  recognisedBy: 'an entity_id with a state, alone or in a state_changed event',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const state = stateOf(message.object)
    if (state === null) return null
    const value = state['state']
    const entity = labelOf(state['entity_id']) ?? 'the entity'
    const word = typeof value === 'string' ? value.toLowerCase() : ''
    if (word === 'unavailable') {
      return { outcome: 'status', online: false, detail: `${entity} is unavailable` }
    }
    const draft = newDraft(true)
    draft.partial = true
    putClock(draft, state['last_updated'] ?? state['last_changed'], message, scope)
    const attributes = objectAt(state, 'attributes')
    const on = switchWord(word)
    if (on !== null) {
      if (!/^(?:switch|light|input_boolean)\./.test(entity)) {
        return ignored('no-reading', `${entity} is no switch`)
      }
      draft.measurements.relay_on = on
      return draft
    }
    const number = readNumber(value)
    if (number === null) return draft
    if (number === undefined) return ignored('no-reading', `the state ${word.slice(0, 40)} is no number`)
    return putState(draft, number, attributes)
  },
}

function stateOf(object: JsonObject): JsonObject | null {
  if ('entity_id' in object && 'state' in object) return object
  const event = objectAt(object, 'event_data')
  const data = isObject(object['event_data']) ? event : objectAt(objectAt(object, 'event'), 'data')
  const state = data['new_state']
  return isObject(state) && 'state' in state ? state : null
}

function putState(draft: Draft, number: number, attributes: JsonObject): Outcome {
  const unitName = attributes['unit_of_measurement']
  const unit = typeof unitName === 'string' ? unitOf(unitName) : null
  const named = meaningOfKey(labelOf(attributes['device_class']) ?? '')
  const name = named.kind === 'measurement' ? named.measurement : null
  const measurement = unit === null ? null : measurementIn(name, unit, name === 'active_power')
  if (unit !== null && measurement !== null) {
    draft.measurements[measurement] = toCanonical(number, unit)
  } else if (name === 'power_factor' && unit === null) {
    // Without a unit it is the fraction.
    draft.measurements.power_factor = number
  } else if (name !== null) {
    doubt(draft.quality, `unit-ambiguous:${name}`)
    draft.extra[name] = number
  } else return ignored('no-reading', 'a state that is no measurement of the mains')
  return draft
}
