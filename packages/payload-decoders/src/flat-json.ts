import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { DecodeContext, DecodedReading, Rejection } from './decoded-payload.ts'
import { readDeviceClock } from './device-clock.ts'

export const FLAT_JSON = 'flat-json@1'

/** Fields that are measurements: the specification's field system says `power`, everything of ours the canonical name. */
const NUMERIC_FIELDS = new Map<string, NumericMeasurement>([
  ['voltage', 'voltage'],
  ['current', 'current'],
  ['power', 'active_power'],
  ['active_power', 'active_power'],
  ['apparent_power', 'apparent_power'],
  ['reactive_power', 'reactive_power'],
  ['power_factor', 'power_factor'],
  ['frequency', 'frequency'],
  ['energy', 'energy'],
  ['temperature', 'temperature'],
])

/** Known fields without a canonical measurement; they make a message ours, too. */
const STATE_FIELDS = new Set(['machine_state', 'sensor_state', 'over_voltage', 'under_voltage'])

const RELAY_FIELDS = new Set(['socket_state', 'relay_on'])

/** Words that devices write where they have no value: an absence, neither zero nor an error. */
const ABSENCES = new Set(['', 'nan', 'null', 'none', 'unavailable', 'unknown', 'n/a', '-'])

const NUMBER_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i

/**
 * Decodes the field system's flat object: measurements in V, A, W, VA, var, Hz, kWh as numbers or numbers in text, states
 * and a timestamp. Any subset will do (a partial message). Fields that it does not know are kept in `extra`.
 */
export function decodeFlatJson(payload: Record<string, unknown>, context: DecodeContext): DecodedReading | Rejection {
  const measurements: Measurements = {}
  const extra: Record<string, unknown> = {}
  const quality: string[] = []
  let known = 0

  for (const [field, value] of Object.entries(payload)) {
    const measurement = NUMERIC_FIELDS.get(field)
    if (measurement) {
      known += 1
      // The canonical name wins over the field system's when a message has both.
      if (field === 'power' && payload.active_power !== undefined) continue
      const number = readNumber(value)
      if (number === undefined) quality.push(`invalid:${measurement}`)
      else if (number !== null && measurement === 'power_factor' && Math.abs(number) > 1) {
        quality.push('implausible:power_factor')
        extra[field] = value
      } else if (number !== null) measurements[measurement] = number
    } else if (RELAY_FIELDS.has(field)) {
      known += 1
      const relay = readSwitch(value)
      if (relay === null) extra[field] = value
      else measurements.relay_on = relay
    } else if (field === 'timestamp') {
      // Read below; a timestamp alone is no reading.
    } else if (value !== null) {
      if (STATE_FIELDS.has(field)) known += 1
      extra[field] = value
    }
  }

  if (known === 0) {
    return {
      reason: 'no-known-field',
      detail: `none of the fields is known (found: ${Object.keys(payload).slice(0, 10).join(', ') || 'none'})`,
    }
  }
  if (Object.keys(measurements).length === 0 && Object.keys(extra).length === 0 && quality.length > 0) {
    return { reason: 'invalid-value', detail: `no field has a usable value (${quality.join(', ')})` }
  }
  const clock = readDeviceClock(payload.timestamp, context.timezone, context.receivedAt)
  if (clock.kind === 'invalid') quality.push('clock-invalid')
  return { measurements, extra, quality, measuredAt: clock.kind === 'time' ? clock.at : null, decoder: FLAT_JSON }
}

/** A number; null for an absence; undefined for something that is neither. */
function readNumber(value: unknown): number | null | undefined {
  if (typeof value === 'number') return value
  if (value === null) return null
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (NUMBER_TEXT.test(text)) {
    const number = Number(text)
    return Number.isFinite(number) ? number : undefined
  }
  return ABSENCES.has(text.toLowerCase()) ? null : undefined
}

function readSwitch(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 0) return value === 1
  if (typeof value !== 'string') return null
  const text = value.trim().toLowerCase()
  if (text === 'on' || text === 'true' || text === '1') return true
  if (text === 'off' || text === 'false' || text === '0') return false
  return null
}
