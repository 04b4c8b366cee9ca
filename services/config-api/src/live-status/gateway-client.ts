import type { PublishReply, PublishRequest, TestReply, TestRequest } from '@iomt/contracts/gateway-rpc'
import type { SocketStatus } from '@iomt/contracts/socket-status'

/** What config-api asks of the gateways. */
export interface GatewayClient {
  /** The status of one socket, or why none came. */
  status(pduId: string, socketId: string): Promise<SocketStatus | { unanswered: string }>
  /** By socket id; a socket that no gateway answered for is missing. At most 1,000 sockets. */
  statuses(socketIds: readonly string[]): Promise<Map<string, SocketStatus>>
  /**
   * @returns the gateway's reply, or null when nobody has the request: NATS is away, or no gateway owns the socket's partition.
   * A gateway that may have it and does not answer is the reply `publish-unconfirmed`.
   */
  publish(pduId: string, request: PublishRequest): Promise<PublishReply | null>
  /**
   * Asks the gateway that owns the socket's partition, or any other while none does.
   *
   * @returns null when none answers.
   */
  test(pduId: string, request: TestRequest): Promise<TestReply | null>
}
