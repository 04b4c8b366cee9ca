import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { DeadLetterReason } from '../dead-letter.ts'
import { Measurements } from '../measurements.ts'
import { PayloadConfig } from '../payload-config.ts'
import { nullable } from './fields.ts'

/** `POST /payloads/preview`: either `payload` or `payload_base64`. */
export const PayloadPreview = Type.Object(
  {
    payload: Type.Optional(
      Type.Unknown({ description: 'A string is taken as the bytes of the message, anything else as JSON' }),
    ),
    payload_base64: Type.Optional(Type.String({ description: 'Bytes, base64' })),
    topic: Type.Optional(
      Type.String({ maxLength: 65_535, description: 'Where it came; helps where a payload has no names' }),
    ),
    relative_topic: Type.Optional(
      Type.String({
        maxLength: 65_535,
        description: 'The part of it below the topic of a socket that takes its subtree',
      }),
    ),
    payload_config: Type.Optional(PayloadConfig),
    pdu_id: Type.Optional({ ...Id, description: 'Its time zone and specifications are used' }),
  },
  {
    $id: 'PayloadPreview',
    additionalProperties: false,
    examples: [{ payload: { voltage: 220.5, current: 2.3, power: 507.15 }, payload_config: { format: 'auto' } }],
  },
)
export type PayloadPreview = Static<typeof PayloadPreview>

const PreviewedReading = Type.Object(
  {
    measurements: Measurements,
    phases: nullable(Type.Record(Type.String(), Measurements)),
    extra: Type.Record(Type.String(), Type.Unknown()),
    quality: Type.Array(Type.String(), { description: 'Doubts about the reading' }),
    measured_at: nullable({ ...Timestamp, description: "The device's clock; null: the time of receipt will count" }),
    partial: Type.Boolean({ description: 'It carries only what changed' }),
  },
  { additionalProperties: false },
)

/** What would become of a message. `reading` is null when one of the last three says what it is instead. */
export const PayloadPreviewResult = Type.Object(
  {
    reading: nullable(PreviewedReading),
    decoder: nullable(Type.String({ examples: ['tasmota@1'] })),
    explanation: Type.Array(Type.String(), { description: 'Why it is read as it is' }),
    warnings: Type.Array(Type.String(), { description: 'What to look at before relying on it' }),
    rejection: nullable(
      Type.Object(
        { reason: DeadLetterReason, detail: Type.String() },
        { additionalProperties: false, description: 'Why it would be a dead letter' },
      ),
    ),
    availability: nullable(
      Type.Union([Type.Literal('online'), Type.Literal('offline')], {
        description: 'What the device says of itself, when that is all that the message says',
      }),
    ),
    ignored: nullable(Type.String({ description: 'Why it is neither a reading nor an error' })),
  },
  { $id: 'PayloadPreviewResult', additionalProperties: false },
)
export type PayloadPreviewResult = Static<typeof PayloadPreviewResult>

/** Query of `GET /sockets/:id/samples` */
export const SampleQuery = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Of each kind' })) },
  { additionalProperties: false },
)

/** A message as it came; `payload` or `payload_base64`, `topic` and `relative_topic` can be sent to `POST /payloads/preview`. */
export const PayloadSample = Type.Object(
  {
    kind: Type.Union([Type.Literal('reading'), Type.Literal('dead-letter')]),
    id: Id,
    received_at: Timestamp,
    topic: nullable(
      Type.String({ description: 'Null: it is only known from the stored readings, which keep no topic' }),
    ),
    relative_topic: Type.Optional(Type.String()),
    payload: Type.Optional(Type.String({ description: 'Text' })),
    payload_base64: Type.Optional(Type.String({ description: 'Of what is no text' })),
    truncated: Type.Boolean({ description: 'Only the beginning was kept' }),
    decoder: nullable(Type.String()),
    reason: nullable(Type.String({ description: 'Of a dead letter' })),
    detail: nullable(Type.String()),
  },
  { $id: 'PayloadSample', additionalProperties: false },
)
export type PayloadSample = Static<typeof PayloadSample>

/** Answer of `GET /sockets/:id/samples` */
export const PayloadSamples = Type.Object(
  { items: Type.Array(PayloadSample, { description: 'Newest first' }) },
  { $id: 'PayloadSamples', additionalProperties: false },
)
export type PayloadSamples = Static<typeof PayloadSamples>
