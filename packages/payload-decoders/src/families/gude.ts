import { newDraft, type Outcome, putRelay } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { assemble } from '../fields/assemble.ts'
import { findFields } from '../fields/find-fields.ts'
import { isObject, type JsonObject, labelOf, type Message, objectsIn, type Scope } from '../message.ts'
import { chooseOutlet } from '../outlets.ts'

/** GUDE Expert Power Control: switching events of a port, and the periodical summary of all ports. */
export const gude: Family = {
  name: 'gude',
  version: 1,
  recognisedBy: 'type portswitch, or type telemetry with portstates',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { object } = message
    if (object['type'] === 'portswitch' && 'port' in object) return readSwitch(object, message, scope)
    return Array.isArray(object['portstates']) ? readSummary(object, message, scope) : null
  },
}

function readSwitch(event: JsonObject, message: Message, scope: Scope): Outcome {
  const port = labelOf(event['port']) ?? '1'
  const index = labelOf(event['idx']) ?? port
  const chosen = chooseOutlet(scope, scope.channel === index ? [index] : [port], false)
  if (typeof chosen !== 'number') return chosen
  const draft = newDraft(true)
  putRelay(draft, event['state'])
  const cause = event['cause']
  // Who has switched the socket.
  if (isObject(cause) && typeof cause['txt'] === 'string') draft.extra['cause'] = cause['txt'].slice(0, 200)
  // Seconds since 1970 with NTP, else since the device was started.
  putClock(draft, event['ts'], message, scope)
  return draft
}

function readSummary(summary: JsonObject, message: Message, scope: Scope): Outcome {
  const ports = objectsIn(summary['portstates'])
  const labels = ports.map((port, index) => labelOf(port['port']) ?? String(index + 1))
  const chosen = chooseOutlet(scope, labels, true)
  if (typeof chosen !== 'number') return chosen
  const { portstates: _, ts, ...rest } = summary
  // Lines feed several ports: what is measured there is the port's only when it is the only one.
  const found = findFields(ports.length === 1 ? rest : {})
  const outcome = assemble(found, message, { ...scope, channel: null })
  const draft = outcome.outcome === 'reading' ? outcome : newDraft(true)
  draft.unitsKnown = true
  putRelay(draft, ports[chosen]?.['state'])
  putClock(draft, ts, message, scope)
  return draft
}
