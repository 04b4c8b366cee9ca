import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { SocketStatusName } from '../socket-status.ts'
import { nullable } from './fields.ts'
import { pageQuery } from './page.ts'

/** A change of a socket's status, as it was stored. */
export const StatusEvent = Type.Object(
  {
    id: Id,
    at: Timestamp,
    status: SocketStatusName,
    previous: nullable(SocketStatusName),
    reason: nullable(Type.String({ description: 'Why it was not online' })),
    gateway: nullable(Type.String({ description: 'Which gateway saw it' })),
  },
  { $id: 'StatusEvent', additionalProperties: false },
)
export type StatusEvent = Static<typeof StatusEvent>

/** `GET /sockets/:id/status-events` */
export const StatusEventQuery = pageQuery({
  from: Type.Optional(Type.String({ format: 'date-time', description: 'The first moment; default: all that is kept' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'The first moment after it; default: now' })),
  status: Type.Optional(SocketStatusName),
})
export type StatusEventQuery = Static<typeof StatusEventQuery>
