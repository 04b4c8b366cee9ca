import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { TestMessage, TestStep } from '../gateway-rpc.ts'
import { nullable } from './fields.ts'
import { SocketMqttConfigReplace } from './socket-mqtt.ts'

/** `POST /sockets/:id/mqtt-test`; every part, and the body itself, may be left out. */
export const SocketMqttTest = Type.Object(
  {
    wait_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 30,
        default: 5,
        description: 'How long to wait for a message; 0: only connect and subscribe',
      }),
    ),
    configuration: Type.Optional(
      Type.Unsafe<SocketMqttConfigReplace>({
        ...SocketMqttConfigReplace,
        description: 'Tried in place of what is saved, and not saved: what `PUT /sockets/{id}/mqtt-config` takes',
      }),
    ),
  },
  { $id: 'SocketMqttTest', additionalProperties: false, examples: [{ wait_seconds: 10 }] },
)
export type SocketMqttTest = Static<typeof SocketMqttTest>

export const SocketMqttTested = Type.Object(
  {
    socket_id: Id,
    gateway: Type.String({ description: 'From whose network it was tried' }),
    tested_at: Timestamp,
    works: Type.Boolean({ description: 'No step has failed' }),
    first_failed_step: nullable(TestStep.properties.step),
    what_to_do: nullable(Type.String({ description: 'About the first failed step' })),
    steps: Type.Array(TestStep),
    message: nullable(TestMessage),
  },
  { $id: 'SocketMqttTested', additionalProperties: false },
)
export type SocketMqttTested = Static<typeof SocketMqttTested>
