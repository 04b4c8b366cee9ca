import { doubt, ignored, type Outcome, rejected } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { assemble } from '../fields/assemble.ts'
import { newFound } from '../fields/finding.ts'
import { addNamedValue } from '../fields/named-values.ts'
import type { Message, Scope } from '../message.ts'
import { type SparkplugAddress, sparkplugAddress } from '../sparkplug/address.ts'
import { type Metric, readSparkplug, type SparkplugPayload, signed } from '../sparkplug/payload.ts'
import { WireError } from '../sparkplug/wire.ts'

/** Values kept in `extra`; a node may have thousands of metrics that are none of ours. */
const MOST_EXTRA = 200
/** About the node itself. */
const CONTROL = /^(?:bdSeq|Node Control\/|Device Control\/|Node Info\/|Properties\/)/

/**
 * Sparkplug B. BIRTH gives names, types and units, which are kept for each edge node and device; DATA carries what changed, by name
 * or alias; DEATH is a status. Metrics are read by their names and units, like any other named values.
 */
export const sparkplugB: Family = {
  name: 'sparkplug-b',
  version: 1,
  recognisedBy: 'a topic spBv1.0/…, or bytes that are a Sparkplug B payload',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'binary') return null
    const address = sparkplugAddress(message.topic)
    const type = address?.type ?? 'DATA'
    if (address && type.endsWith('DEATH')) {
      scope.memory.births.forget(address.node, address.device)
      return { outcome: 'status', online: false, detail: `${type} of ${address.device ?? address.node}` }
    }
    if (type.endsWith('CMD') || type === 'STATE') return ignored('no-reading', `a Sparkplug ${type} message`)
    let payload: SparkplugPayload
    try {
      payload = readSparkplug(message.payload)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return address ? rejected('unsupported-payload', `not a Sparkplug B payload: ${error.message}`) : null
    }
    if (address === null && (payload.metrics.length === 0 || payload.timestamp === null)) return null
    return readMetrics(payload, address, message, scope)
  },
}

function readMetrics(
  payload: SparkplugPayload,
  address: SparkplugAddress | null,
  message: Message,
  scope: Scope,
): Outcome {
  const { births } = scope.memory
  const isBirth = address?.type.endsWith('BIRTH') === true
  if (address && isBirth) births.record(address.node, address.device, payload.metrics)
  const known = address && !isBirth ? births.size(address.node, address.device) : null

  // What was stored on the device and sent later belongs to its own time, unless all of it does.
  const live = payload.metrics.filter(({ historical }) => !historical)
  const metrics = live.length > 0 ? live : payload.metrics
  const found = newFound()
  const rest: Record<string, unknown> = {}
  let nameless = 0
  let kept = 0
  for (const metric of metrics) {
    const born = address ? births.find(address.node, address.device, metric) : null
    const name = metric.name ?? born?.name ?? null
    const value = signed(metric.value, metric.datatype ?? born?.datatype ?? null)
    if (name === null) nameless += 1
    if (value === null || (name !== null && CONTROL.test(name))) continue
    const readable = name !== null && typeof value !== 'object'
    if (readable && addNamedValue(found, name, value, metric.unit ?? born?.unit ?? null)) continue
    if (kept < MOST_EXTRA) {
      rest[name ?? `alias:${metric.alias}`] = value
      kept += 1
    }
  }
  const outcome = assemble(found, message, scope)
  if (outcome.outcome !== 'reading') return outcome
  Object.assign(outcome.extra, rest)
  if (nameless > 0) doubt(outcome.quality, 'birth-missing')
  outcome.partial = known !== null && payload.metrics.length < known
  putClock(outcome, live.length > 0 ? payload.timestamp : timeOf(payload.metrics, payload), message, scope)
  return outcome
}

const timeOf = (metrics: readonly Metric[], payload: SparkplugPayload): number | null =>
  metrics[0]?.timestamp ?? payload.timestamp
