import { type Static, Type } from '@sinclair/typebox'
import { Id } from './codes.ts'
import { SocketDesiredState } from './socket-desired-state.ts'
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

/**
 * `iomt.v1.rpc.gateway.partition.{partition}.test`, and `iomt.v1.rpc.gateway.any.test` while nobody owns the partition: connects as the
 * socket would with this state, saved or not, whether it is enabled or not, and waits so many milliseconds for a message.
 */
export const TestRequest = Type.Object(
  { state: SocketDesiredState, patience: Type.Integer({ minimum: 0, maximum: 30_000 }) },
  { additionalProperties: false },
)
export type TestRequest = Static<typeof TestRequest>

export const RpcErrorCode = Type.Union([
  Type.Literal('invalid-request'),
  Type.Literal('unknown-socket'),
  Type.Literal('not-connected'),
  Type.Literal('publish-failed'),
  /** The message was sent, or may have been: the broker has not acknowledged it. */
  Type.Literal('publish-unconfirmed'),
  /** The gateway tests as many sockets as it may at once. */
  Type.Literal('too-many-tests'),
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

export const TestStep = Type.Object(
  {
    step: Type.Union([Type.Literal('connect'), Type.Literal('subscribe'), Type.Literal('data')]),
    state: Type.Union([Type.Literal('ok'), Type.Literal('failed'), Type.Literal('skipped')], {
      description: 'skipped: one before it has failed, or it was not asked for',
    }),
    milliseconds: Type.Union([Type.Integer(), Type.Null()]),
    detail: Type.String({ description: 'What was seen' }),
  },
  { additionalProperties: false },
)
export type TestStep = Static<typeof TestStep>

export const TestMessage = Type.Object(
  {
    topic: Type.String(),
    qos: Type.Integer({ minimum: 0, maximum: 2 }),
    retained: Type.Boolean({ description: 'The broker had kept it; nothing says that the device still sends' }),
    payload_bytes: Type.Integer({ description: 'Of the whole payload' }),
    payload_base64: Type.String({ description: 'Its first 4 KiB' }),
  },
  { additionalProperties: false },
)
export type TestMessage = Static<typeof TestMessage>

/** Answer of `test`: each step, and the first message; or an error. */
export const TestReply = Type.Union([
  Type.Object(
    { gateway: Type.String(), steps: Type.Array(TestStep), message: Type.Union([TestMessage, Type.Null()]) },
    { additionalProperties: false },
  ),
  RpcError,
])
export type TestReply = Static<typeof TestReply>
