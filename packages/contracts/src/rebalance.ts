import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from './codes.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const RebalanceCause = Type.Union(
  [Type.Literal('start'), Type.Literal('join'), Type.Literal('leave'), Type.Literal('crash'), Type.Literal('fence')],
  {
    description:
      'start: had no owner before; join: given to a member that joined; leave: its owner was stopped; crash: its owner was found dead; fence: its owner had stopped itself without proof of life',
  },
)
export type RebalanceCause = Static<typeof RebalanceCause>

/** One partition got a new owner. */
export const Rebalance = Type.Object(
  {
    partition: Type.Integer({ minimum: 0 }),
    epoch: Type.Integer({ minimum: 1 }),
    from: Nullable(Type.String({ description: 'Gateway that had it before' })),
    to: Type.String(),
    cause: RebalanceCause,
    detected_at: Timestamp,
    acquired_at: Timestamp,
    gap_ms: Nullable(
      Type.Number({ minimum: 0, description: 'Without an owner; after a crash since the last proof of life' }),
    ),
  },
  { $id: 'Rebalance', additionalProperties: false },
)
export type Rebalance = Static<typeof Rebalance>
