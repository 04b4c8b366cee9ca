import { type Static, Type } from '@sinclair/typebox'
import { Id } from '../codes.ts'
import { SOCKET_STATUS_NAMES, SocketStatus } from '../socket-status.ts'

/** `GET /pdus/:id/mqtt-status` */
export const PduStatus = Type.Object(
  {
    pdu_id: Id,
    sockets: Type.Integer({ minimum: 0, description: 'How many it has' }),
    statuses: Type.Object(Object.fromEntries(SOCKET_STATUS_NAMES.map((name) => [name, Type.Integer({ minimum: 0 })])), {
      additionalProperties: false,
      description: 'How many of them are in which status',
    }),
    traffic: Type.Omit(SocketStatus.properties.traffic, ['last_qos'], {
      additionalProperties: false,
      description: 'Of all of them together',
    }),
  },
  { $id: 'PduStatus', additionalProperties: false },
)
export type PduStatus = Static<typeof PduStatus>
