import { ignored, newDraft, type Outcome, put, putExtra, putRelay } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { isObject, type JsonObject, labelOf, type Message, objectsIn, type Scope } from '../message.ts'
import { chooseOutlet } from '../outlets.ts'

/** Voltages of the mains in decivolts (100 to 500 V); the newer namespace has millivolts. */
const HIGHEST_DECIVOLTS = 10_000

/** Meross: decivolts, milliamperes and milliwatts (its own documentation says watts; U · I says milliwatts). */
export const meross: Family = {
  name: 'meross',
  version: 1,
  recognisedBy: 'a header with a namespace Appliance.…, or payload.electricity',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { header, payload } = message.object
    const namespace = isObject(header) ? header['namespace'] : undefined
    const named = typeof namespace === 'string' && namespace.startsWith('Appliance.')
    if (!isObject(payload) || !(named || isObject(payload['electricity']))) return null
    const clock = isObject(header) ? header['timestamp'] : undefined
    const electricity = entriesOf(payload['electricity'])
    const toggles = entriesOf(payload['togglex'] ?? payload['toggle'] ?? digestOf(payload))
    const entries = electricity.length > 0 ? electricity : toggles
    if (entries.length === 0) return ignored('no-reading', `a Meross message about ${labelOf(namespace)}`)
    // Channel 0 of a strip is the strip as a whole.
    const outlets = entries.length > 1 ? entries.filter(({ channel }) => channel !== 0) : entries
    const labels = outlets.map(({ channel }) => labelOf(channel) ?? '0')
    const chosen = chooseOutlet(scope, labels, outlets.length > 1)
    if (typeof chosen !== 'number') return chosen
    const entry = outlets[chosen] as JsonObject
    const draft = newDraft(true)
    if (electricity.length > 0) {
      const voltage = entry['voltage']
      put(draft, 'voltage', voltage, typeof voltage === 'number' && voltage > HIGHEST_DECIVOLTS ? 1_000 : 10)
      put(draft, 'current', entry['current'], 1_000)
      put(draft, 'active_power', entry['power'], 1_000)
      put(draft, 'power_factor', entry['factor'])
      putExtra(draft, 'energy_month', entry['mConsume'], 1_000)
    } else {
      draft.partial = true
      putRelay(draft, entry['onoff'])
    }
    putClock(draft, clock, message, scope)
    return draft
  },
}

function entriesOf(value: unknown): readonly JsonObject[] {
  return isObject(value) ? [value] : objectsIn(value)
}

/** Appliance.System.All */
function digestOf(payload: JsonObject): unknown {
  const all = payload['all']
  const digest = isObject(all) ? all['digest'] : undefined
  return isObject(digest) ? digest['togglex'] : undefined
}
