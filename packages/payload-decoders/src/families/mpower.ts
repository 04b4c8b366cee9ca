import { newDraft, type Outcome, put, putRelay } from '../draft.ts'
import type { Family } from '../family.ts'
import { type JsonObject, labelOf, type Message, objectsIn, type Scope } from '../message.ts'
import { chooseOutlet } from '../outlets.ts'

/** Ubiquiti mPower: a list of ports. `output` is the wanted state; `relay` is the relay. */
export const mpower: Family = {
  name: 'mpower',
  version: 1,
  recognisedBy: 'a list sensors whose elements have port and relay or powerfactor',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object' || !Array.isArray(message.object['sensors'])) return null
    const ports = objectsIn(message.object['sensors']).filter(({ port }) => port !== undefined)
    if (!ports.some((port) => 'relay' in port || 'powerfactor' in port)) return null
    const labels = ports.map(({ port }, index) => labelOf(port) ?? String(index + 1))
    const chosen = chooseOutlet(scope, labels, true)
    if (typeof chosen !== 'number') return chosen
    const port = ports[chosen] as JsonObject
    const draft = newDraft(true)
    put(draft, 'voltage', port['voltage'])
    put(draft, 'current', port['current'])
    put(draft, 'active_power', port['power'])
    put(draft, 'power_factor', port['powerfactor'])
    putRelay(draft, port['relay'])
    return draft
  },
}
