import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from './codes.ts'
import { RebalanceCause } from './rebalance.ts'

/** What a rebalance meant for one socket. */
export const SocketReceipt = Type.Object(
  {
    socket_id: Id,
    gap_seconds: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
      description: 'Time without an owner until it was subscribed again; null: it is not yet',
    }),
    redelivered: Type.Integer({ minimum: 0, description: 'Messages that the broker delivered once more' }),
    session_resumed: Type.Union([Type.Boolean(), Type.Null()], {
      description: 'False: the broker had no session, so what was published in the gap is lost',
    }),
  },
  { additionalProperties: false },
)
export type SocketReceipt = Static<typeof SocketReceipt>

/**
 * A message on `iomt.v1.gateway.rebalance.{gateway}`: what it cost that this gateway took over partitions, all those that
 * one cause brought from one owner.
 */
export const RebalanceReceipt = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    at: Timestamp,
    gateway: Type.String({ description: 'The new owner' }),
    from: Type.Union([Type.String(), Type.Null()], { description: 'The owner before, null when there was none' }),
    cause: RebalanceCause,
    partitions: Type.Integer({ minimum: 1 }),
    sockets: Type.Integer({ minimum: 0 }),
    duration_seconds: Type.Number({
      minimum: 0,
      description: 'From the first partition to the last subscribed socket',
    }),
    gap_seconds: Type.Union(
      [Type.Object({ p50: Type.Number(), max: Type.Number() }, { additionalProperties: false }), Type.Null()],
      {
        description: 'Over its sockets; null without sockets',
      },
    ),
    redelivered: Type.Integer({ minimum: 0 }),
    sessions_lost: Type.Integer({ minimum: 0, description: 'Sockets whose broker had not kept the session' }),
    not_subscribed: Type.Integer({
      minimum: 0,
      description: 'Sockets that were not subscribed when the receipt was made',
    }),
    worst_sockets: Type.Array(SocketReceipt, { description: 'At most 20, longest gap first' }),
  },
  { $id: 'RebalanceReceipt', additionalProperties: false },
)
export type RebalanceReceipt = Static<typeof RebalanceReceipt>
