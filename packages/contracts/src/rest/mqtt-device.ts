import { type Static, Type } from '@sinclair/typebox'
import { Code, Id, Timestamp } from '../codes.ts'
import { SocketStatus } from '../socket-status.ts'
import { BROKER_EXAMPLE, BROKER_INPUT_FIELDS } from './broker-block.ts'
import { Device } from './device.ts'
import { Name, nullable } from './fields.ts'
import { pageQuery } from './page.ts'
import { SOCKET_FILTERS } from './socket.ts'
import { SOCKET_MQTT_CONFIG_FIELDS } from './socket-mqtt.ts'

/** A device on a socket, with the MQTT configuration it has through that socket. Its `ETag` is the socket's. */
export const MqttDevice = Type.Object(
  {
    device_id: Id,
    socket_id: Id,
    pdu_id: Id,
    organization_id: Id,
    department_id: nullable(Id),
    device: Device,
    socket: Type.Object(
      {
        id: Id,
        socket_number: Type.Integer(),
        name: nullable(Name),
        is_enabled: Type.Boolean(),
        version: Type.Integer(),
      },
      { additionalProperties: false },
    ),
    pdu: Type.Object({ id: Id, code: Code, name: Name }, { additionalProperties: false }),
    assigned_at: nullable(Timestamp),
    assigned_by: nullable(Type.String()),
    ...SOCKET_MQTT_CONFIG_FIELDS,
    mqtt_status: SocketStatus,
  },
  { $id: 'MqttDevice', additionalProperties: false },
)
export type MqttDevice = Static<typeof MqttDevice>

/**
 * `POST /mqtt/devices`: puts a device on a socket. A broker block that is given replaces the socket's, as in
 * `PUT /sockets/:id/mqtt-config`; without one the socket keeps the configuration it has.
 */
export const MqttDeviceAssign = Type.Object(
  { device_id: Id, socket_id: Id, ...BROKER_INPUT_FIELDS },
  {
    $id: 'MqttDeviceAssign',
    additionalProperties: false,
    examples: [
      {
        device_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        socket_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d11',
        ...BROKER_EXAMPLE,
      },
    ],
  },
)
export type MqttDeviceAssign = Static<typeof MqttDeviceAssign>

export const MqttDeviceQuery = pageQuery(SOCKET_FILTERS)
export type MqttDeviceQuery = Static<typeof MqttDeviceQuery>
