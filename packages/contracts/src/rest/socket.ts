import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { PayloadConfig } from '../payload-config.ts'
import { BROKER_EXAMPLE, BROKER_INPUT_FIELDS, BROKER_VIEW_FIELDS } from './broker-block.ts'
import { Name, nullable, ROW_FIELDS } from './fields.ts'
import { pageQuery } from './page.ts'

const SocketNumber = Type.Integer({ minimum: 0, maximum: 65_535, description: 'Unique on its PDU' })
const TopicSuffix = Type.String({
  minLength: 1,
  maxLength: 65_535,
  description: 'Last part of the topic: no wildcard, no empty level, no slash at either end',
  examples: ['socket1'],
})

const SETTABLE_FIELDS = {
  name: Type.Optional(nullable(Name)),
  mqtt_topic_suffix: Type.Optional(nullable(TopicSuffix)),
  ...BROKER_INPUT_FIELDS,
  payload_config: Type.Optional(nullable(PayloadConfig)),
  device_id: Type.Optional(nullable(Id)),
  is_enabled: Type.Optional(Type.Boolean({ default: true })),
}

/** The fields of the read-only place in the estate are those of its PDU. */
export const Socket = Type.Object(
  {
    id: Id,
    pdu_id: Id,
    organization_id: Id,
    department_id: nullable(Id),
    socket_number: SocketNumber,
    name: nullable(Name),
    mqtt_topic_suffix: nullable(Type.String()),
    topic: nullable(
      Type.String({
        readOnly: true,
        description: '`{pdu.mqtt_base_topic}/{mqtt_topic_suffix}`; null when either is missing',
      }),
    ),
    ...BROKER_VIEW_FIELDS,
    inherited_from: nullable(
      Type.Literal('pdu', { readOnly: true, description: "`pdu`: the PDU's broker block is used" }),
    ),
    payload_config: nullable(PayloadConfig),
    device_id: nullable(Id),
    assigned_at: nullable(Timestamp),
    assigned_by: nullable(Type.String({ description: 'Name of the API key that assigned the device' })),
    is_enabled: Type.Boolean(),
    ...ROW_FIELDS,
  },
  { $id: 'Socket', additionalProperties: false },
)
export type Socket = Static<typeof Socket>

/** `POST /pdus/:id/sockets` */
export const PduSocketCreate = Type.Object(
  { socket_number: SocketNumber, ...SETTABLE_FIELDS },
  {
    $id: 'PduSocketCreate',
    additionalProperties: false,
    examples: [{ socket_number: 1, mqtt_topic_suffix: 'socket1', ...BROKER_EXAMPLE }],
  },
)
export type PduSocketCreate = Static<typeof PduSocketCreate>

/** `POST /sockets` */
export const SocketCreate = Type.Object(
  { pdu_id: Id, socket_number: SocketNumber, ...SETTABLE_FIELDS },
  {
    $id: 'SocketCreate',
    additionalProperties: false,
    examples: [
      {
        pdu_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        socket_number: 1,
        mqtt_topic_suffix: 'socket1',
        ...BROKER_EXAMPLE,
      },
    ],
  },
)
export type SocketCreate = Static<typeof SocketCreate>

/** A socket never moves to another PDU. `mqtt_config` and `payload_config` are replaced when given. */
export const SocketPatch = Type.Object(
  { socket_number: Type.Optional(SocketNumber), ...SETTABLE_FIELDS },
  { $id: 'SocketPatch', additionalProperties: false, minProperties: 1, examples: [{ is_enabled: false }] },
)
export type SocketPatch = Static<typeof SocketPatch>

export const SOCKET_FILTERS = {
  organization_id: Type.Optional(Id),
  department_id: Type.Optional(Id),
  pdu_id: Type.Optional(Id),
}

export const SocketQuery = pageQuery({
  ...SOCKET_FILTERS,
  device_id: Type.Optional(Id),
  assigned: Type.Optional(Type.Boolean({ description: 'Whether a device is on it' })),
  is_enabled: Type.Optional(Type.Boolean()),
})
export type SocketQuery = Static<typeof SocketQuery>
