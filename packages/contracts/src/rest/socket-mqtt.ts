import { type Static, Type } from '@sinclair/typebox'
import { SocketStatusName } from '../socket-status.ts'
import { BROKER_EXAMPLE, BROKER_INPUT_FIELDS, BROKER_VIEW_FIELDS } from './broker-block.ts'
import { nullable } from './fields.ts'
import { pageQuery } from './page.ts'
import { SOCKET_FILTERS } from './socket.ts'

/** What is in effect for the socket: its own broker block, or its PDU's. */
export const SOCKET_MQTT_CONFIG_FIELDS = {
  topic: nullable(Type.String({ readOnly: true })),
  ...BROKER_VIEW_FIELDS,
  inherited_from: nullable(Type.Literal('pdu', { readOnly: true })),
}

/** `GET /sockets/:id/mqtt-config` */
export const SocketMqttConfig = Type.Object(SOCKET_MQTT_CONFIG_FIELDS, {
  $id: 'SocketMqttConfig',
  additionalProperties: false,
})
export type SocketMqttConfig = Static<typeof SocketMqttConfig>

/**
 * `PUT /sockets/:id/mqtt-config` and `PUT /mqtt/devices/:deviceId`. Replaces the block: what is left out gets its default,
 * and a `mqtt_broker_host` that is null or left out means the PDU's whole block. A stored password stays when
 * `mqtt_credentials` is given without `password`, a stored TLS key when `mqtt_config.tls` is given without `key`.
 */
export const SocketMqttConfigReplace = Type.Object(BROKER_INPUT_FIELDS, {
  $id: 'SocketMqttConfigReplace',
  additionalProperties: false,
  examples: [BROKER_EXAMPLE],
})
export type SocketMqttConfigReplace = Static<typeof SocketMqttConfigReplace>

/** `GET /mqtt/statuses` */
export const SocketStatusQuery = pageQuery({ ...SOCKET_FILTERS, status: Type.Optional(SocketStatusName) })
export type SocketStatusQuery = Static<typeof SocketStatusQuery>

/** `POST /sockets/:id/mqtt-publish`: either `payload` or `payload_base64`. */
export const SocketPublish = Type.Object(
  {
    payload: Type.Optional(Type.Unknown({ description: 'A string is sent as it is, anything else as JSON' })),
    payload_base64: Type.Optional(Type.String({ description: 'Bytes, base64' })),
    qos: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2, description: "Default: the socket's `mqtt_config.qos`" }),
    ),
    retain: Type.Optional(Type.Boolean({ description: "Default: the socket's `mqtt_config.retain`" })),
  },
  { $id: 'SocketPublish', additionalProperties: false, examples: [{ payload: { relay: 'on' }, qos: 1 }] },
)
export type SocketPublish = Static<typeof SocketPublish>

export const SocketPublished = Type.Object(
  { topic: Type.String(), qos: Type.Integer({ minimum: 0, maximum: 2 }), retain: Type.Boolean() },
  { $id: 'SocketPublished', additionalProperties: false },
)
export type SocketPublished = Static<typeof SocketPublished>
