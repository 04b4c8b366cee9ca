import { isObject, type JsonObject, objectsIn } from '../message.ts'
import { parseSafeJson } from '../safe-json.ts'

/** What a LoRaWAN network server publishes around a device's message. */
export interface Uplink {
  /** The codec's object; null: no codec decoded it. */
  readonly decoded: JsonObject | null
  /** The bytes as the device sent them, and their port. */
  readonly bytes: Uint8Array | null
  readonly port: number | null
  /** When the network received it. */
  readonly time: unknown
}

/** ChirpStack v4 and v3, The Things Stack v3 and v2. Null: none of them. */
export function uplinkOf(object: JsonObject): Uplink | null {
  if (isObject(object['deviceInfo']) || ('devEUI' in object && ('fPort' in object || 'rxInfo' in object))) {
    const receivedAt = objectsIn(object['rxInfo']).find((gateway) => typeof gateway['time'] === 'string')?.['time']
    return {
      decoded: isObject(object['object']) ? object['object'] : parsed(object['objectJSON']),
      bytes: bytesOf(object['data']),
      port: numberOrNull(object['fPort']),
      time: object['time'] ?? object['publishedAt'] ?? receivedAt,
    }
  }
  const message = object['uplink_message']
  if (isObject(message)) {
    return {
      decoded: isObject(message['decoded_payload']) ? message['decoded_payload'] : null,
      bytes: bytesOf(message['frm_payload']),
      port: numberOrNull(message['f_port']),
      time: message['received_at'] ?? object['received_at'],
    }
  }
  if (isObject(object['payload_fields']) && 'dev_id' in object) {
    const metadata = object['metadata']
    return {
      decoded: object['payload_fields'],
      bytes: bytesOf(object['payload_raw']),
      port: numberOrNull(object['port']),
      time: isObject(metadata) ? metadata['time'] : undefined,
    }
  }
  return null
}

/** JSON in a text, held to the same limits as a payload. */
export function parsed(text: unknown): JsonObject | null {
  if (typeof text !== 'string' || !text.startsWith('{')) return null
  const result = parseSafeJson(Buffer.from(text))
  return result.ok && isObject(result.value) ? result.value : null
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null)

function bytesOf(value: unknown): Uint8Array | null {
  return typeof value === 'string' && value.length > 0 && value.length <= 1_024 && /^[A-Za-z0-9+/]+=*$/.test(value)
    ? Buffer.from(value, 'base64')
    : null
}
