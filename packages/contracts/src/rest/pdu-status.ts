import { type Static, Type } from '@sinclair/typebox'
import { Id } from '../codes.ts'
import { SOCKET_STATUS_NAMES, SocketStatus } from '../socket-status.ts'

const {
  messages,
  bytes,
  dead_letters,
  redelivered,
  last_message_at,
  messages_per_minute,
  bytes_per_minute,
  stored_after_ms,
} = SocketStatus.properties.traffic.properties

/** `GET /pdus/:id/mqtt-status` */
export const PduStatus = Type.Object(
  {
    pdu_id: Id,
    sockets: Type.Integer({ minimum: 0, description: 'How many it has' }),
    statuses: Type.Object(Object.fromEntries(SOCKET_STATUS_NAMES.map((name) => [name, Type.Integer({ minimum: 0 })])), {
      additionalProperties: false,
      description: 'How many of them are in which status',
    }),
    traffic: Type.Object(
      {
        messages,
        bytes,
        dead_letters,
        redelivered,
        last_message_at,
        messages_per_minute,
        bytes_per_minute,
        stored_after_ms,
      },
      { additionalProperties: false, description: 'Of all of them together' },
    ),
  },
  { $id: 'PduStatus', additionalProperties: false },
)
export type PduStatus = Static<typeof PduStatus>
