import { invalidField } from '../changes/refusal.ts'

/** The bytes of a message as a client gives them: a string as it is, anything else as JSON, or base64. */
export function messageBytes(given: { payload?: unknown; payload_base64?: string }, maxBytes: number): Buffer {
  const { payload, payload_base64: base64 } = given
  if ((payload === undefined) === (base64 === undefined)) {
    throw invalidField('/payload', 'or payload_base64 is required, and only one of them')
  }
  const bytes = base64 === undefined ? textBytes(payload) : Buffer.from(base64, 'base64')
  if (base64 !== undefined && bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) {
    throw invalidField('/payload_base64', 'must be base64')
  }
  if (bytes.length > maxBytes) throw invalidField('/payload', `must have at most ${maxBytes} bytes`)
  return bytes
}

/** The other way: as text where it is text, else base64. */
export function shownBytes(bytes: Buffer): { payload: string } | { payload_base64: string } {
  const text = bytes.toString('utf8')
  const isText = !text.includes('\u0000') && Buffer.from(text).equals(bytes)
  return isText ? { payload: text } : { payload_base64: bytes.toString('base64') }
}

/** The bytes of a stored message from its `raw` or `data_json`: text is a JSON string there, binary `{"base64": "…"}`. */
export function bytesOfRaw(raw: unknown): Buffer {
  if (typeof raw === 'string') return Buffer.from(raw)
  if (typeof raw === 'object' && raw !== null) {
    const fields = Object.entries(raw)
    const [name, value] = fields[0] ?? []
    if (fields.length === 1 && name === 'base64' && typeof value === 'string') return Buffer.from(value, 'base64')
  }
  return Buffer.from(JSON.stringify(raw))
}

function textBytes(payload: unknown): Buffer {
  return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
}
