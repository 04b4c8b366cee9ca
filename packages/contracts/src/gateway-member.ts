import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from './codes.ts'

const Count = Type.Integer({ minimum: 0 })

/** Value of KV `iomt_gateway_members` at `{gateway}`: proof of life and the figures of `GET /gateways`. */
export const GatewayMember = Type.Object(
  {
    v: Type.Literal(1),
    gateway: Type.String(),
    life: Type.String({
      description: 'Made anew by each start and after each fence; a life that is over never comes back',
    }),
    beat: Type.Integer({
      minimum: 0,
      description: 'Counts the writes of this process, so that life and beat name one of them',
    }),
    started_at: Timestamp,
    draining: Type.Boolean({ description: 'It is leaving: it takes nothing and gives up what it has' }),
    ended: Type.Boolean({ description: 'Its last value: it left, or another member found it dead' }),
    lease_bucket: Type.Union([Type.String(), Type.Null()], {
      description: 'The incarnation of the lease bucket (time of creation) that everything it holds is written in',
    }),
    partitions: Count,
    sockets: Count,
    connections: Count,
    messages: Type.Integer({ minimum: 0, description: 'Messages received since it started' }),
  },
  { $id: 'GatewayMember', additionalProperties: false },
)
export type GatewayMember = Static<typeof GatewayMember>
