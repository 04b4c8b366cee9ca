import { type Static, Type } from '@sinclair/typebox'
import { Id } from './codes.ts'
import { SocketStatus } from './socket-status.ts'

/** `iomt.v1.rpc.gateway.partition.{partition}.status` */
export const StatusRequest = Type.Object({ socket_id: Id }, { additionalProperties: false })
export type StatusRequest = Static<typeof StatusRequest>

/** `iomt.v1.rpc.gateway.all.status`: each gateway answers once, for the sockets of the list that it owns. */
export const AllStatusRequest = Type.Object(
  { socket_ids: Type.Array(Id, { maxItems: 1_000 }) },
  { additionalProperties: false },
)
export type AllStatusRequest = Static<typeof AllStatusRequest>

export const AllStatusReply = Type.Object(
  { gateway: Type.String(), statuses: Type.Array(SocketStatus) },
  { additionalProperties: false },
)
export type AllStatusReply = Static<typeof AllStatusReply>

/** `iomt.v1.rpc.gateway.partition.{partition}.publish`: publishes to the socket's topic. */
export const PublishRequest = Type.Object(
  {
    socket_id: Id,
    payload_base64: Type.String(),
    qos: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 })),
    retain: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type PublishRequest = Static<typeof PublishRequest>

export const RpcErrorCode = Type.Union([
  Type.Literal('invalid-request'),
  Type.Literal('unknown-socket'),
  Type.Literal('not-connected'),
  Type.Literal('publish-failed'),
  /** The message was sent, or may have been: the broker has not acknowledged it. */
  Type.Literal('publish-unconfirmed'),
])
export type RpcErrorCode = Static<typeof RpcErrorCode>

export const RpcError = Type.Object(
  { error: Type.Object({ code: RpcErrorCode, detail: Type.String() }, { additionalProperties: false }) },
  { additionalProperties: false },
)
export type RpcError = Static<typeof RpcError>

/** Answer of `status`: the status, or an error. */
export const StatusReply = Type.Union([
  Type.Object({ status: SocketStatus }, { additionalProperties: false }),
  RpcError,
])
export type StatusReply = Static<typeof StatusReply>

/** Answer of `publish`: where it went, or an error. At QoS 1 and 2 it comes after the broker's acknowledgement, or 5 s. */
export const PublishReply = Type.Union([
  Type.Object(
    { topic: Type.String(), qos: Type.Integer({ minimum: 0, maximum: 2 }), retain: Type.Boolean() },
    { additionalProperties: false },
  ),
  RpcError,
])
export type PublishReply = Static<typeof PublishReply>
