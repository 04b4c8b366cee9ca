import { createHash } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from './codes.ts'

/** Why a payload became no reading, or a reading no row. Stable: dashboards and replay select by it. */
export const DeadLetterReason = Type.Union([
  Type.Literal('payload-too-large'),
  Type.Literal('payload-empty'),
  Type.Literal('invalid-utf8'),
  Type.Literal('invalid-json'),
  Type.Literal('too-deep'),
  Type.Literal('too-many-fields'),
  Type.Literal('forbidden-key'),
  Type.Literal('nul-character'),
  Type.Literal('number-out-of-range'),
  Type.Literal('unsupported-payload'),
  Type.Literal('no-known-field'),
  Type.Literal('channel-required'),
  Type.Literal('invalid-value'),
  Type.Literal('contract-violation'),
  Type.Literal('message-too-large'),
  Type.Literal('rejected-by-database'),
])
export type DeadLetterReason = Static<typeof DeadLetterReason>

/** A message on `iomt.v1.deadletter.…`: the bytes, where they came from and why they are here. */
export const DeadLetterMessage = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    stage: Type.Union([Type.Literal('decode'), Type.Literal('store')]),
    reason: DeadLetterReason,
    detail: Type.String({ description: 'For a person: what was found and where' }),
    socket_id: Type.Union([Id, Type.Null()]),
    device_id: Type.Union([Id, Type.Null()]),
    pdu_id: Type.Union([Id, Type.Null()]),
    organization_id: Type.Union([Id, Type.Null()]),
    topic: Type.String(),
    received_at: Timestamp,
    qos: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 })),
    retained: Type.Optional(Type.Boolean({ description: 'A snapshot that the broker kept' })),
    payload_base64: Type.String({ description: 'MQTT payload (decode) or telemetry message (store)' }),
    payload_bytes: Type.Integer({ minimum: 0, description: 'Size of the whole payload' }),
    payload_sha256: Type.String({
      description:
        'Hex digest of the whole payload; of one above 4 MiB, which no gateway keeps whole, of its first 4 MiB',
    }),
    payload_truncated: Type.Boolean({
      description: "True when payload_base64 is only the beginning: above 4 MiB, or the NATS server's max_payload",
    }),
  },
  { $id: 'DeadLetterMessage', additionalProperties: false },
)
export type DeadLetterMessage = Static<typeof DeadLetterMessage>

type PayloadField = 'payload_base64' | 'payload_bytes' | 'payload_sha256' | 'payload_truncated'

/** The names of the payload's fields, its digest and size, and the header of the message around it. */
const PAYLOAD_FIELDS_BYTES = 512
/** Of a topic that would leave no room for anything else. */
const TOPIC_KEPT = 1_024

/**
 * The whole dead letter, with as many bytes of its payload as a server takes that limits a message to `maxMessageBytes`. It
 * always fits, however its topic is escaped: a dead letter that is refused would hold up what comes behind it.
 *
 * `payloadBytes`: size of the payload where `payload` is only its beginning, which the digest then is of.
 */
export function withPayload(
  letter: Omit<DeadLetterMessage, PayloadField>,
  payload: Uint8Array,
  maxMessageBytes: number,
  payloadBytes = payload.length,
): DeadLetterMessage {
  const bytesOf = (value: object) => Buffer.byteLength(JSON.stringify(value)) + PAYLOAD_FIELDS_BYTES
  const envelope = bytesOf(letter) > maxMessageBytes ? { ...letter, topic: letter.topic.slice(0, TOPIC_KEPT) } : letter
  const kept = Math.max(0, Math.floor(((maxMessageBytes - bytesOf(envelope)) * 3) / 4))
  return {
    ...envelope,
    payload_base64: Buffer.from(payload.subarray(0, kept)).toString('base64'),
    payload_bytes: payloadBytes,
    payload_sha256: createHash('sha256').update(payload).digest('hex'),
    payload_truncated: payloadBytes > Math.min(kept, payload.length),
  }
}
