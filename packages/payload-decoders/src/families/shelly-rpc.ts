import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName } from '../decoded-payload.ts'
import { type Draft, ignored, newDraft, type Outcome, put, putExtra, putInto } from '../draft.ts'
import { type Family, putClock } from '../family.ts'
import { isObject, type JsonObject, type Message, objectAt, type Scope } from '../message.ts'
import { chooseOutlet } from '../outlets.ts'
import { addTotals, phaseOfDraft } from '../phases.ts'

/** Counters are in Wh. */
const WATT_HOURS = 1_000
const COMPONENT = /^(switch|pm1|em1data|em1|emdata|em|cover|light|rgbw?|cct|temperature):(\d{1,3})$/
/** Kinds that measure an outlet each; the first one that a message has says what its outlets are. */
const METERS = ['switch', 'pm1', 'em1', 'cover', 'light', 'rgb', 'rgbw', 'cct', 'em1data'] as const
/** Keys of `em` by phase, made once: a key put together for each message is slow to look up. */
const PHASES = (['a', 'b', 'c'] as const).map((letter, index) => ({
  phase: (['l1', 'l2', 'l3'] as const)[index] as PhaseName,
  fields: (
    [
      ['voltage', 'voltage'],
      ['current', 'current'],
      ['act_power', 'active_power'],
      ['aprt_power', 'apparent_power'],
      ['pf', 'power_factor'],
      ['freq', 'frequency'],
    ] as const
  ).map(([key, measurement]): readonly [string, NumericMeasurement] => [`${letter}_${key}`, measurement]),
  counter: `${letter}_total_act_energy`,
}))

interface Component {
  readonly kind: string
  readonly id: string
  readonly body: JsonObject
}

/**
 * Shelly Gen2 to Gen4: NotifyStatus (what changed), NotifyFullStatus, answers of Shelly.GetStatus, and the status of one component
 * (`status/switch:0`). Components are outlets by their id; `em` is one meter with three phases.
 */
export const shellyRpc: Family = {
  name: 'shelly-rpc',
  version: 1,
  recognisedBy: 'method NotifyStatus or NotifyFullStatus, components like switch:0, or the status of one component',

  read(message: Message, scope: Scope): Outcome | null {
    if (message.kind !== 'object') return null
    const { object } = message
    const { method } = object
    if (method === 'NotifyStatus' || method === 'NotifyFullStatus') {
      const params = objectAt(object, 'params')
      return readComponents(params, method === 'NotifyStatus', params['ts'], message, scope)
    }
    if (method === 'NotifyEvent' && isObject(object['params'])) {
      return ignored('no-reading', 'a Shelly event, not a state')
    }
    if (isObject(object['result']) && (typeof object['src'] === 'string' || 'id' in object)) {
      return readFrame(object['result'], message, scope)
    }
    return readFrame(object, message, scope)
  },
}

function readFrame(body: JsonObject, message: Message, scope: Scope): Outcome | null {
  for (const key in body) {
    if (key.includes(':') && COMPONENT.test(key)) return readComponents(body, false, undefined, message, scope)
  }
  const kind = kindOfBody(body)
  if (kind === null) return null
  const id = typeof body['id'] === 'number' ? String(body['id']) : '0'
  return readOutlets([{ kind, id, body }], body, false, undefined, message, scope)
}

/** Which component a status without its name is of; null: it is none of Shelly's. */
function kindOfBody(body: JsonObject): string | null {
  if ('a_act_power' in body || 'total_act_power' in body) return 'em'
  if ('a_total_act_energy' in body || ('total_act' in body && 'total_act_ret' in body)) return 'emdata'
  if ('total_act_energy' in body && 'total_act_ret_energy' in body) return 'em1data'
  if ('act_power' in body && ('aprt_power' in body || 'calibration' in body)) return 'em1'
  if (!('id' in body)) return null
  if ('apower' in body || isObject(body['aenergy'])) {
    return 'output' in body ? 'switch' : 'state' in body ? 'cover' : 'pm1'
  }
  return typeof body['output'] === 'boolean' && 'source' in body ? 'switch' : null
}

function readComponents(status: JsonObject, partial: boolean, clock: unknown, message: Message, scope: Scope): Outcome {
  const components: Component[] = []
  for (const key in status) {
    const match = COMPONENT.exec(key)
    const body = status[key]
    if (match && isObject(body)) components.push({ kind: match[1] as string, id: match[2] as string, body })
  }
  return readOutlets(components, status, partial, clock, message, scope)
}

function readOutlets(
  components: readonly Component[],
  status: JsonObject,
  partial: boolean,
  clock: unknown,
  message: Message,
  scope: Scope,
): Outcome {
  const kinds = new Set(components.map(({ kind }) => kind))
  const threePhase = kinds.has('em') || kinds.has('emdata')
  const kind =
    METERS.find((name) => components.some((one) => one.kind === name && isMeter(one.body))) ??
    METERS.find((name) => kinds.has(name))
  const draft = newDraft(true)
  draft.partial = partial
  if (threePhase) {
    for (const { kind: meter, body } of components) {
      if (meter === 'em') readThreePhases(draft, body)
      else if (meter === 'emdata') readThreePhaseCounters(draft, body)
    }
  } else if (kind !== undefined) {
    const outlets = components.filter((component) => component.kind === kind)
    // The status of one component comes on a topic of its own.
    const listed = components[0]?.body !== status
    const chosen = chooseOutlet(
      scope,
      outlets.map(({ id }) => id),
      !partial && listed,
      listed ? '0' : null,
    )
    if (typeof chosen !== 'number') return chosen
    const { id } = outlets[chosen] as Component
    for (const component of components) {
      if (component.kind === kind && component.id === id) readOutlet(draft, component.body)
      // Counters of `em1` come apart from it.
      else if (component.kind === 'em1data' && component.id === id) readCounters(draft, component.body)
    }
  } else {
    return ignored('no-reading', 'a Shelly message without a measuring component')
  }
  const sys = objectAt(status, 'sys')
  putClock(draft, clock ?? sys['unixtime'], message, scope)
  return draft
}

/** A relay beside meters (Pro EM) is no outlet. */
const isMeter = (body: JsonObject): boolean =>
  'apower' in body || 'act_power' in body || 'aenergy' in body || 'total_act_energy' in body || 'voltage' in body

function readOutlet(draft: Draft, body: JsonObject): void {
  put(draft, 'voltage', body['voltage'])
  put(draft, 'current', body['current'])
  put(draft, 'active_power', body['apower'] ?? body['act_power'])
  put(draft, 'apparent_power', body['aprtpower'] ?? body['aprt_power'])
  put(draft, 'power_factor', body['pf'])
  put(draft, 'frequency', body['freq'])
  const energy = body['aenergy']
  if (isObject(energy)) put(draft, 'energy', energy['total'], WATT_HOURS)
  const returned = body['ret_aenergy']
  if (isObject(returned)) putExtra(draft, 'energy_export', returned['total'], WATT_HOURS)
  const temperature = body['temperature']
  if (isObject(temperature)) put(draft, 'temperature', temperature['tC'])
  if (typeof body['output'] === 'boolean') draft.measurements.relay_on = body['output']
  const counts = body['counts']
  if (isObject(counts)) {
    putExtra(draft, 'relay_on_seconds', counts['on_time'])
    putExtra(draft, 'relay_switch_count', counts['switch_on'])
  }
  const errors = body['errors']
  if (Array.isArray(errors) && errors.length > 0 && errors.length <= 16) {
    draft.extra['errors'] = errors.filter((error) => typeof error === 'string')
  }
  readCounters(draft, body)
}

function readCounters(draft: Draft, body: JsonObject): void {
  if (body['total_act_energy'] !== undefined) put(draft, 'energy', body['total_act_energy'], WATT_HOURS)
  putExtra(draft, 'energy_export', body['total_act_ret_energy'], WATT_HOURS)
}

function readThreePhases(draft: Draft, body: JsonObject): void {
  for (const { phase, fields } of PHASES) {
    let set: Measurements | null = null
    for (const [key, measurement] of fields) {
      const value = body[key]
      if (value === undefined || value === null) continue
      set ??= phaseOfDraft(draft, phase)
      putInto(set, draft, measurement, value)
    }
  }
  put(draft, 'current', body['total_current'])
  put(draft, 'active_power', body['total_act_power'])
  put(draft, 'apparent_power', body['total_aprt_power'])
  // A message about some phases only must not make totals of them.
  if (body['a_act_power'] !== undefined && body['b_act_power'] !== undefined && body['c_act_power'] !== undefined) {
    addTotals(draft)
  }
}

function readThreePhaseCounters(draft: Draft, body: JsonObject): void {
  for (const { phase, counter } of PHASES) {
    const value = body[counter]
    if (value !== undefined) putInto(phaseOfDraft(draft, phase), draft, 'energy', value, WATT_HOURS)
  }
  put(draft, 'energy', body['total_act'], WATT_HOURS)
  putExtra(draft, 'energy_export', body['total_act_ret'], WATT_HOURS)
}
