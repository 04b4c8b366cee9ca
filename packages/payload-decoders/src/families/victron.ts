import { ignored, type Outcome } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import type { Message, Scope } from '../message.ts'
import { meaningOfMessage, readValue } from './plain-value.ts'

/** What may stand beside the value. */
const FIELDS: ReadonlySet<string> = new Set('value val min max time timestamp ts lc ack from q'.split(' '))

/**
 * Victron's dbus-mqtt and other wrappers of one value (`{"value": 936}`, ioBroker's `{"val": 936, "ack": true}`); quantity and unit
 * are in the topic only.
 */
export const victron: Family = {
  name: 'victron',
  version: 1,
  recognisedBy: 'an object with a value and nothing that names it; the topic does',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object' || !('value' in message.object || 'val' in message.object)) return null
    for (const key in message.object) if (!FIELDS.has(key)) return null
    const { val, value = val, timestamp, ts, time } = message.object
    if (typeof value === 'object' && value !== null) return null
    const counter = /^N\/[^/]+\//.test(message.topic)
    const meaning = meaningOfMessage(message)
    // `Ac/Out/L1/P`: Victron's own letters.
    const named = counter && meaning.kind === 'letter' ? { ...meaning, kind: 'measurement' as const } : meaning
    const outcome = readValue(value, named, message, scope, counter)
    if (outcome?.outcome === 'reading') {
      outcome.unitsKnown = counter
      putClock(outcome, timestamp ?? ts ?? time, message, scope)
    }
    return outcome ?? (counter ? ignored('no-reading', 'a value of Victron that is no measurement of the mains') : null)
  },
}
