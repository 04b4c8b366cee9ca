import { compileMessage } from '@iomt/contracts/compile-message'
import {
  type AllStatusReply,
  AllStatusRequest,
  type PublishReply,
  PublishRequest,
  type RpcError,
  type StatusReply,
  StatusRequest,
  type TestReply,
} from '@iomt/contracts/gateway-rpc'
import { PARTITION_COUNT } from '@iomt/contracts/partitions'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { ALL_GATEWAYS_STATUS_SUBJECT, ANY_GATEWAY_TEST_SUBJECT, partitionRpcSubject } from '@iomt/contracts/subjects'
import { type SocketMqttClient, UnknownSocketError } from '@iomt/socket-mqtt-client/socket-mqtt-client'
import { UnacknowledgedError } from '@iomt/socket-mqtt-client/transport'
import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core'
import type { Logger } from 'pino'
import { invalidRequest, rpcError } from './rpc-error.ts'

const statusRequest = compileMessage(StatusRequest)
const allStatusRequest = compileMessage(AllStatusRequest)
const publishRequest = compileMessage(PublishRequest)

export interface GatewayRpcOptions {
  readonly connection: NatsConnection
  readonly logger: Logger
  readonly gateway: string
  readonly client: SocketMqttClient
  readonly statusOf: (socketId: string) => SocketStatus | null
  readonly test: (request: unknown) => Promise<TestReply>
}

/**
 * Answers questions about the sockets held here. A subscription of its own for each held partition: a partition that
 * nobody holds is answered "no responders" by the server at once, not by a timeout.
 */
export interface GatewayRpc {
  start(): void
  hold(partition: number): void
  release(partition: number): void
  stop(): void
}

export function createGatewayRpc(options: GatewayRpcOptions): GatewayRpc {
  const { connection, logger, gateway, client, statusOf, test } = options
  const held = new Map<number, Subscription[]>()
  const shared: Subscription[] = []

  function serve(subject: string, answer: (request: unknown) => Promise<unknown>, queue?: string): Subscription {
    return connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error) return
        reply(message, answer).catch((failure: unknown) =>
          logger.error({ err: failure, subject }, 'cannot answer a request'),
        )
      },
    })
  }

  async function answerStatus(request: unknown): Promise<StatusReply> {
    if (!statusRequest.check(request)) return invalidRequest(statusRequest.violations(request, 1))
    const status = statusOf(request.socket_id)
    return status ? { status } : rpcError('unknown-socket', `no socket ${request.socket_id} in this partition`)
  }

  async function answerAllStatus(request: unknown): Promise<AllStatusReply | RpcError> {
    if (!allStatusRequest.check(request)) return invalidRequest(allStatusRequest.violations(request, 1))
    return { gateway, statuses: request.socket_ids.map(statusOf).filter((status) => status !== null) }
  }

  async function answerPublish(request: unknown): Promise<PublishReply> {
    if (!publishRequest.check(request)) return invalidRequest(publishRequest.violations(request, 1))
    const { socket_id: socketId, payload_base64: payload, qos, retain } = request
    try {
      return await client.publishToSocket(socketId, Buffer.from(payload, 'base64'), {
        ...(qos !== undefined ? { qos: qos as 0 | 1 | 2 } : {}),
        ...(retain !== undefined ? { retain } : {}),
      })
    } catch (error) {
      if (error instanceof UnknownSocketError) return rpcError('unknown-socket', `socket ${socketId} is not connected`)
      const detail = error instanceof Error ? error.message : String(error)
      if (error instanceof UnacknowledgedError) return rpcError('publish-unconfirmed', detail)
      return rpcError(statusOf(socketId)?.connection.state === 'connected' ? 'publish-failed' : 'not-connected', detail)
    }
  }

  return {
    start() {
      shared.push(serve(ALL_GATEWAYS_STATUS_SUBJECT, answerAllStatus))
      shared.push(serve(ANY_GATEWAY_TEST_SUBJECT, test, 'gateways'))
    },
    hold(partition) {
      if (partition < 0 || partition >= PARTITION_COUNT || held.has(partition)) return
      held.set(partition, [
        serve(partitionRpcSubject(partition, 'status'), answerStatus),
        serve(partitionRpcSubject(partition, 'publish'), answerPublish),
        serve(partitionRpcSubject(partition, 'test'), test),
      ])
    },
    release(partition) {
      for (const subscription of held.get(partition) ?? []) subscription.unsubscribe()
      held.delete(partition)
    },
    stop() {
      for (const subscription of shared) subscription.unsubscribe()
      for (const partition of [...held.keys()]) this.release(partition)
    },
  }
}

async function reply(message: Msg, answer: (request: unknown) => Promise<unknown>): Promise<void> {
  let request: unknown
  try {
    request = message.json()
  } catch {
    request = undefined
  }
  message.respond(JSON.stringify(await answer(request)))
}
