import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { nullable } from './fields.ts'

/** The way of a reading, in its order. */
export const DIAGNOSIS_HOPS = [
  'configuration',
  'gateway',
  'connection',
  'subscription',
  'messages',
  'understanding',
  'storage',
] as const
const HopName = Type.Union(
  DIAGNOSIS_HOPS.map((name) => Type.Literal(name)),
  {
    description:
      'configuration: the socket can be connected; gateway: one owns it and works with the newest configuration; connection, subscription: at its broker; messages: some come; understanding: they become readings; storage: readings become rows',
  },
)
export type DiagnosisHopName = Static<typeof HopName>

export const DiagnosisHop = Type.Object(
  {
    hop: HopName,
    state: Type.Union([Type.Literal('ok'), Type.Literal('failed'), Type.Literal('unknown')], {
      description: 'unknown: an earlier hop is not ok, it is too early to tell, or nobody could say',
    }),
    detail: Type.String({ description: 'What was seen' }),
    what_to_do: nullable(Type.String({ description: 'Only where something is to be done' })),
  },
  { additionalProperties: false },
)
export type DiagnosisHop = Static<typeof DiagnosisHop>

/** `GET /sockets/:id/diagnosis` */
export const SocketDiagnosis = Type.Object(
  {
    socket_id: Id,
    device_id: nullable(Id),
    checked_at: Timestamp,
    data_flows: Type.Boolean({ description: 'Every hop is ok' }),
    first_broken_hop: nullable(HopName),
    what_to_do: nullable(Type.String({ description: 'About the first broken hop' })),
    last_stored_at: nullable(
      Type.String({ format: 'date-time', description: 'When the newest stored reading of the last 8 days came' }),
    ),
    hops: Type.Array(DiagnosisHop),
  },
  { $id: 'SocketDiagnosis', additionalProperties: false },
)
export type SocketDiagnosis = Static<typeof SocketDiagnosis>
