import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from './codes.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const SOCKET_STATUS_NAMES = [
  'online',
  'idle',
  'degraded',
  'offline',
  'error',
  'disabled',
  'unconfigured',
  'unassigned',
] as const
export const SocketStatusName = Type.Union(
  SOCKET_STATUS_NAMES.map((name) => Type.Literal(name)),
  {
    description:
      'online: connected, subscribed, data in time; idle: connected, silent; degraded: works, see advice; offline: not connected (yet); error: refused, see reason; disabled: switched off; unconfigured: no broker or topic; unassigned: no gateway owns it',
  },
)
export type SocketStatusName = Static<typeof SocketStatusName>

export const StatusAdvice = Type.Object(
  {
    code: Type.String({
      examples: ['granted-qos-lower'],
      description:
        'granted-qos-lower, publisher-qos-0, retained-readings, expected-missing, only-dead-letters, doubtful-readings or clock-skew',
    }),
    detail: Type.String({ description: 'What was seen' }),
    what_to_do: Type.String({ description: 'What to change, and where' }),
  },
  { additionalProperties: false },
)
export type StatusAdvice = Static<typeof StatusAdvice>

/** The live status of one socket, as its gateway sees it. */
export const SocketStatus = Type.Object(
  {
    socket_id: Id,
    status: SocketStatusName,
    reason: Nullable(Type.String({ description: 'Why it is not online' })),
    since: Nullable(Timestamp),
    gateway: Nullable(Type.String({ description: 'Id of the gateway that owns the socket' })),
    topic: Nullable(Type.String()),
    socket_version: Nullable(Type.Integer({ description: 'Row version of the socket configuration in effect' })),
    pdu_version: Nullable(Type.Integer()),
    connection: Type.Object(
      {
        state: Type.Union([
          Type.Literal('connected'),
          Type.Literal('connecting'),
          Type.Literal('waiting'),
          Type.Literal('none'),
        ]),
        broker: Nullable(Type.String({ examples: ['broker.hospital.example:1883'] })),
        client_id: Nullable(Type.String()),
        since: Nullable(Timestamp),
        session_resumed: Nullable(
          Type.Boolean({ description: 'The broker had kept the session; false: what it queued before is lost' }),
        ),
        attempts: Type.Integer({ minimum: 0, description: 'Failed attempts since it was last connected' }),
        last_error: Nullable(Type.String()),
      },
      { additionalProperties: false },
    ),
    subscription: Type.Object(
      {
        state: Type.Union([
          Type.Literal('subscribed'),
          Type.Literal('pending'),
          Type.Literal('refused'),
          Type.Literal('none'),
        ]),
        requested_qos: Nullable(Type.Integer({ minimum: 0, maximum: 2 })),
        granted_qos: Nullable(Type.Integer({ minimum: 0, maximum: 2 })),
        reason: Nullable(Type.String()),
      },
      { additionalProperties: false },
    ),
    traffic: Type.Object(
      {
        messages: Type.Integer({ minimum: 0, description: 'Received since this gateway took the socket' }),
        bytes: Type.Integer({ minimum: 0 }),
        dead_letters: Type.Integer({ minimum: 0 }),
        redelivered: Type.Integer({ minimum: 0, description: 'Of the messages, those that the broker marked DUP' }),
        last_message_at: Nullable(Timestamp),
        last_qos: Nullable(Type.Integer({ minimum: 0, maximum: 2 })),
        messages_per_minute: Type.Number({
          minimum: 0,
          description: 'Mean of the last five minutes, of less when this gateway took the socket later',
        }),
        bytes_per_minute: Type.Integer({ minimum: 0, description: 'Mean of the same minutes' }),
        stored_after_ms: Nullable(
          Type.Number({
            description: 'Mean time from receipt to storage in JetStream in the same minutes; null: none stored',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    availability: Type.Optional(
      Type.Object(
        {
          online: Type.Boolean(),
          at: Type.String({ format: 'date-time', description: 'When it was said' }),
        },
        {
          additionalProperties: false,
          description:
            'What the device says of itself (its last will or availability topic); absent: nothing so far. A reading that comes later counts as online',
        },
      ),
    ),
    advice: Type.Array(StatusAdvice),
  },
  { $id: 'SocketStatus', additionalProperties: false },
)
export type SocketStatus = Static<typeof SocketStatus>

/** Of a socket for which nothing was received. */
export const NO_TRAFFIC: SocketStatus['traffic'] = {
  messages: 0,
  bytes: 0,
  dead_letters: 0,
  redelivered: 0,
  last_message_at: null,
  last_qos: null,
  messages_per_minute: 0,
  bytes_per_minute: 0,
  stored_after_ms: null,
}

/** A message on `iomt.v1.status.…`: published when the name of a status or its reason changes. */
export const SocketStatusEvent = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    at: Timestamp,
    organization_id: Id,
    department_id: Nullable(Id),
    pdu_id: Id,
    socket_number: Type.Integer({ minimum: 0 }),
    device_id: Nullable(Id),
    previous: Nullable(SocketStatusName),
    status: SocketStatus,
  },
  { $id: 'SocketStatusEvent', additionalProperties: false },
)
export type SocketStatusEvent = Static<typeof SocketStatusEvent>
