import type { DecodeContext, DecodeResult } from './decoded-payload.ts'
import { decodeFlatJson } from './flat-json.ts'
import { parseSafeJson } from './safe-json.ts'

/** Largest payload that is decoded, in bytes; larger ones are dead letters. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 256 * 1024

/**
 * Turns the bytes of one MQTT message into a reading in canonical names and units, or says why it is none. Pure; never
 * throws, whatever the bytes.
 */
export function decodePayload(
  payload: Uint8Array,
  context: DecodeContext,
  maxPayloadBytes = DEFAULT_MAX_PAYLOAD_BYTES,
): DecodeResult {
  if (payload.length > maxPayloadBytes) {
    const detail = `the payload has ${payload.length} bytes, at most ${maxPayloadBytes} are decoded`
    return { ok: false, rejection: { reason: 'payload-too-large', detail } }
  }
  const parsed = parseSafeJson(payload)
  if (!parsed.ok) return parsed
  const { value, text } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
    return { ok: false, rejection: { reason: 'unsupported-payload', detail: `expected a JSON object, found ${found}` } }
  }
  const decoded = decodeFlatJson(value as Record<string, unknown>, context)
  return 'reason' in decoded ? { ok: false, rejection: decoded } : { ok: true, reading: decoded, rawJson: text }
}
