import { newDraft, type Outcome, put, putExtra, putRelay } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { type JsonObject, labelOf, type Message, objectAt, objectsIn, type Scope } from '../message.ts'
import { chooseOutlet } from '../outlets.ts'

/** NETIO: milliamperes, watts (`Load`), watt hours for each output; voltage and frequency for all of them together. */
export const netio: Family = {
  name: 'netio',
  version: 1,
  recognisedBy: 'a list Outputs beside Agent or GlobalMeasure',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { object } = message
    if (!Array.isArray(object['Outputs']) || !('Agent' in object || 'GlobalMeasure' in object)) return null
    const outputs = objectsIn(object['Outputs'])
    if (outputs.length === 0) return null
    const labels = outputs.map((output, index) => labelOf(output['ID']) ?? String(index + 1))
    const chosen = chooseOutlet(scope, labels, true)
    if (typeof chosen !== 'number') return chosen
    const output = outputs[chosen] as JsonObject
    const all = objectAt(object, 'GlobalMeasure')
    const draft = newDraft(true)
    put(draft, 'voltage', output['Voltage'] ?? all['Voltage'])
    put(draft, 'frequency', output['Frequency'] ?? all['Frequency'])
    put(draft, 'current', output['Current'], 1_000)
    put(draft, 'active_power', output['Load'])
    put(draft, 'power_factor', output['PowerFactor'])
    put(draft, 'energy', output['Energy'], 1_000)
    putExtra(draft, 'energy_export', output['ReverseEnergy'], 1_000)
    putRelay(draft, output['State'])
    putClock(draft, objectAt(object, 'Agent')['Time'], message, scope)
    return draft
  },
}
