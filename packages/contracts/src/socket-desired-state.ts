import { type Static, Type } from '@sinclair/typebox'
import { Id } from './codes.ts'
import { CredentialEnvelope } from './credential-envelope.ts'
import { MqttConfig } from './mqtt-config.ts'
import { PayloadConfig } from './payload-config.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** The broker a socket connects to, its own or inherited from its PDU. */
export const DesiredBroker = Type.Object(
  {
    host: Type.String(),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    username: Nullable(Type.String()),
    credentials: Nullable(CredentialEnvelope),
    credentials_owner: Type.String({ description: '`pdu:{id}` or `socket:{id}`: associated data of the envelope' }),
    config: MqttConfig,
    inherited_from: Nullable(Type.Literal('pdu')),
  },
  { additionalProperties: false },
)
export type DesiredBroker = Static<typeof DesiredBroker>

/** Value of KV `iomt_socket_config` at `{partition}.{socket_id}`: all a gateway needs to know of a socket. */
export const SocketDesiredState = Type.Object(
  {
    v: Type.Literal(1),
    socket_id: Id,
    socket_version: Type.Integer({ description: 'Row version of the socket this state was made from' }),
    pdu_version: Type.Integer(),
    socket_number: Type.Integer({ minimum: 0 }),
    name: Nullable(Type.String()),
    enabled: Type.Boolean(),
    organization_id: Id,
    organization_code: Type.String(),
    department_id: Nullable(Id),
    department_code: Nullable(Type.String()),
    pdu_id: Id,
    pdu_code: Type.String(),
    device_id: Nullable(Id),
    timezone: Type.String({ description: 'IANA name, for device clocks without a zone' }),
    topic: Nullable(Type.String({ description: 'Null when the base topic or the suffix is missing' })),
    payload_config: Nullable(PayloadConfig),
    specifications: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "The PDU's, for judging what is plausible" }),
    ),
    broker: Nullable(DesiredBroker),
  },
  { $id: 'SocketDesiredState', additionalProperties: false },
)
export type SocketDesiredState = Static<typeof SocketDesiredState>
