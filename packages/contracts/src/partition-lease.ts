import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from './codes.ts'
import { RebalanceCause } from './rebalance.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** Value of KV `iomt_gateway_leases` at `{partition}`; changed only by compare-and-set. */
export const PartitionLease = Type.Object(
  {
    v: Type.Literal(1),
    partition: Type.Integer({ minimum: 0 }),
    owner: Nullable(Type.String({ description: 'Gateway id; null: free' })),
    life: Nullable(Type.String({ description: 'The life of the owner that took it' })),
    epoch: Type.Integer({ minimum: 1, description: 'Grows by 1 each time it is taken' }),
    previous_owner: Nullable(Type.String()),
    cause: RebalanceCause,
    revoking_ms: Nullable(Type.Number({ minimum: 0, description: 'How long its last owner took to let go' })),
    changed_at: Timestamp,
  },
  { $id: 'PartitionLease', additionalProperties: false },
)
export type PartitionLease = Static<typeof PartitionLease>
