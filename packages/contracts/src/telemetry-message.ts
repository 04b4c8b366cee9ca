import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from './codes.ts'
import { Measurements } from './measurements.ts'

/** A reading on `iomt.v1.telemetry.…`, and the unit that ends up once in `device_data_logs`. */
export const TelemetryMessage = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    socket_id: Id,
    socket_number: Type.Integer({ minimum: 0 }),
    pdu_id: Id,
    organization_id: Id,
    department_id: Type.Union([Id, Type.Null()]),
    device_id: Type.Union([Id, Type.Null()], {
      description: 'The device assigned to the socket when the message arrived',
    }),
    topic: Type.String(),
    received_at: Type.String({ format: 'date-time', description: 'When the gateway received it' }),
    measured_at: Timestamp,
    measured_at_source: Type.Union([Type.Literal('device'), Type.Literal('received')], {
      description:
        '`device`: the payload carried a usable clock; `received`: it did not, and measured_at = received_at',
    }),
    retained: Type.Boolean({ description: 'A snapshot that the broker kept, not a new reading' }),
    qos: Type.Integer({ minimum: 0, maximum: 2 }),
    redelivered: Type.Optional(
      Type.Boolean({
        description:
          'May be stored already under another id with the same last 8 bytes: redelivered after the duplicate window',
      }),
    ),
    measurements: Measurements,
    phases: Type.Optional(
      Type.Record(Type.String(), Measurements, { description: 'By phase: l1, l2, l3; totals are in `measurements`' }),
    ),
    partial: Type.Optional(
      Type.Boolean({ description: 'True: the message carried only what changed; what is absent keeps its value' }),
    ),
    extra: Type.Record(Type.String(), Type.Unknown()),
    quality: Type.Array(Type.String()),
    decoder: Type.String({ examples: ['flat-json@1'] }),
    raw: Type.Unknown({ description: 'The payload as published' }),
  },
  { $id: 'TelemetryMessage', additionalProperties: false },
)
export type TelemetryMessage = Static<typeof TelemetryMessage>
