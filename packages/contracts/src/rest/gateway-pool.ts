import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from '../codes.ts'
import { RebalanceReceipt } from '../rebalance-receipt.ts'

export const PoolMember = Type.Object(
  {
    gateway: Type.String({ examples: ['mqtt-gateway-1'] }),
    status: Type.Union([Type.Literal('alive'), Type.Literal('draining'), Type.Literal('silent')], {
      description:
        'alive: it showed life in the last 3 s; draining: it is handing over; silent: it showed none, the others take over',
    }),
    started_at: Timestamp,
    last_seen_seconds: Type.Number({ minimum: 0, description: 'Since its last proof of life, as seen from here' }),
    partitions: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Those it owns by the leases' }),
    sockets: Type.Integer({ minimum: 0 }),
    connections: Type.Integer({ minimum: 0, description: 'To brokers; sockets share them' }),
    messages_per_second: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
      description: 'Null until it has been seen for a second',
    }),
  },
  { additionalProperties: false },
)
export type PoolMember = Static<typeof PoolMember>

/** `GET /gateways` */
export const GatewayPool = Type.Object(
  {
    members: Type.Array(PoolMember),
    partitions: Type.Object(
      {
        total: Type.Integer(),
        owned: Type.Integer({ minimum: 0 }),
        unowned: Type.Array(Type.Integer(), {
          description: 'No gateway owns these right now; their sockets are `unassigned`',
        }),
      },
      { additionalProperties: false },
    ),
    rebalances: Type.Array(RebalanceReceipt, { description: 'The last 50, newest first' }),
  },
  { additionalProperties: false },
)
export type GatewayPool = Static<typeof GatewayPool>
