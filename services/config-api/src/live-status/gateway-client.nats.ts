import type { Bus } from '@iomt/bus/connect'
import { compileSchema } from '@iomt/contracts/compile-schema'
import { AllStatusReply, PublishReply, StatusReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import { ALL_GATEWAYS_STATUS_SUBJECT, type PartitionOperation, partitionRpcSubject } from '@iomt/contracts/subjects'
import { createInbox, errors } from '@nats-io/nats-core'
import type { GatewayClient } from './gateway-client.ts'

const STATUS_TIMEOUT = 1_000
/** Milliseconds for all gateways together; a page is shown without the ones that are slower. */
const STATUSES_TIMEOUT = 500
/** A publish at QoS 1 or 2 is answered after the broker's acknowledgement, which the gateway awaits up to 5 s. */
const PUBLISH_TIMEOUT = 8_000

/** Over NATS; `bus` gives null while NATS cannot be reached. */
export function createNatsGatewayClient(bus: () => Bus | null): GatewayClient {
  const statusReply = compileSchema(StatusReply)
  const allStatusReply = compileSchema(AllStatusReply)
  const publishReply = compileSchema(PublishReply)

  async function ask(pduId: string, operation: PartitionOperation, request: object, timeout: number): Promise<unknown> {
    const connection = bus()?.connection
    if (!connection) return null
    try {
      const subject = partitionRpcSubject(partitionOf(pduId), operation)
      const message = await connection.request(subject, JSON.stringify(request), { timeout })
      return message.json()
    } catch (error) {
      if (isNoAnswer(error) || error instanceof SyntaxError) return null
      throw error
    }
  }

  return {
    async status(pduId, socketId) {
      if (!bus()) return { unanswered: 'NATS cannot be reached' }
      const reply = await ask(pduId, 'status', { socket_id: socketId }, STATUS_TIMEOUT)
      if (reply === null || !statusReply.check(reply)) return { unanswered: 'no gateway answered' }
      return 'status' in reply ? reply.status : { unanswered: reply.error.detail }
    },

    async statuses(socketIds) {
      const connection = bus()?.connection
      const found = new Map<string, SocketStatus>()
      if (!connection || socketIds.length === 0) return found
      const wanted = new Set(socketIds)
      // Not requestMany: it ends by silence or a count, and only this loop knows when every socket is answered.
      const inbox = createInbox()
      const subscription = connection.subscribe(inbox)
      const timer = setTimeout(() => subscription.unsubscribe(), STATUSES_TIMEOUT)
      try {
        connection.publish(ALL_GATEWAYS_STATUS_SUBJECT, JSON.stringify({ socket_ids: socketIds }), { reply: inbox })
        for await (const message of subscription) {
          // An empty message with status 503: nobody listens.
          if (message.headers?.code === 503) break
          const reply = parse(message.string())
          if (!allStatusReply.check(reply)) continue
          for (const status of reply.statuses) {
            if (wanted.has(status.socket_id)) keepBetter(found, status)
          }
          if (found.size === wanted.size) break
        }
      } finally {
        clearTimeout(timer)
        subscription.unsubscribe()
      }
      return found
    },

    async publish(pduId, request) {
      const reply = await ask(pduId, 'publish', request, PUBLISH_TIMEOUT)
      return reply !== null && publishReply.check(reply) ? reply : null
    },
  }
}

/** While a partition moves, its old owner may answer once more: a connected socket beats one that is not. */
function keepBetter(found: Map<string, SocketStatus>, status: SocketStatus): void {
  const other = found.get(status.socket_id)
  if (!other || (other.connection.state !== 'connected' && status.connection.state === 'connected')) {
    found.set(status.socket_id, status)
  }
}

/** NATS, or who should answer there, is away. */
export function isNoAnswer(error: unknown): boolean {
  if (error instanceof errors.RequestError) return true
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoRespondersError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
