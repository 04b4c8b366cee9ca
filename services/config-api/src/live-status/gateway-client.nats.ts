import type { Bus } from '@iomt/bus/connect'
import { compileMessage } from '@iomt/contracts/compile-message'
import { AllStatusReply, PublishReply, StatusReply, TestReply } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketStatus } from '@iomt/contracts/socket-status'
import {
  ALL_GATEWAYS_STATUS_SUBJECT,
  ANY_GATEWAY_TEST_SUBJECT,
  type PartitionOperation,
  partitionRpcSubject,
} from '@iomt/contracts/subjects'
import { createInbox, errors } from '@nats-io/nats-core'
import type { GatewayClient } from './gateway-client.ts'

const STATUS_TIMEOUT = 1_000
/** Milliseconds for all gateways together; a page is shown without the ones that are slower. */
const STATUSES_TIMEOUT = 500
/** A gateway answers a publish at the latest when it has waited 5 s for the broker's acknowledgement. */
const PUBLISH_TIMEOUT = 8_000
/** A gateway gives the broker 10 s for CONNACK and 10 s for SUBACK, beside the time in which it waits for a message. */
const TEST_TIMEOUT = 22_000

/** What came of a request. Of silence it is not known whether somebody has acted on the request: in a command's case it matters. */
type Answer = { kind: 'reply'; reply: unknown } | { kind: 'nobody' } | { kind: 'silence' }

/** Over NATS; `bus` gives null while NATS cannot be reached. */
export function createNatsGatewayClient(bus: () => Bus | null): GatewayClient {
  const statusReply = compileMessage(StatusReply)
  const allStatusReply = compileMessage(AllStatusReply)
  const publishReply = compileMessage(PublishReply)
  const testReply = compileMessage(TestReply)

  async function ask(subject: string, request: object, timeout: number): Promise<Answer> {
    const connection = bus()?.connection
    if (!connection) return { kind: 'nobody' }
    try {
      const message = await connection.request(subject, JSON.stringify(request), { timeout })
      return { kind: 'reply', reply: message.json() }
    } catch (error) {
      if (isNobodyThere(error)) return { kind: 'nobody' }
      if (isNoAnswer(error) || error instanceof SyntaxError) return { kind: 'silence' }
      throw error
    }
  }

  return {
    async status(pduId, socketId) {
      if (!bus()) return { unanswered: 'NATS cannot be reached' }
      const answer = await ask(ownerOf(pduId, 'status'), { socket_id: socketId }, STATUS_TIMEOUT)
      const reply = answer.kind === 'reply' ? statusReply.known(answer.reply) : null
      if (reply === null) return { unanswered: 'no gateway answered' }
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
          const reply = allStatusReply.known(parse(message.string()))
          if (reply === null) continue
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
      const answer = await ask(ownerOf(pduId, 'publish'), request, PUBLISH_TIMEOUT)
      if (answer.kind === 'nobody') return null
      const reply = answer.kind === 'reply' ? publishReply.known(answer.reply) : null
      return reply ?? { error: { code: 'publish-unconfirmed', detail: 'the gateway gave no answer' } }
    },

    async test(pduId, request) {
      const timeout = request.patience + TEST_TIMEOUT
      const owner = await ask(ownerOf(pduId, 'test'), request, timeout)
      const answer = owner.kind === 'nobody' ? await ask(ANY_GATEWAY_TEST_SUBJECT, request, timeout) : owner
      return answer.kind === 'reply' ? testReply.known(answer.reply) : null
    },
  }
}

const ownerOf = (pduId: string, operation: PartitionOperation) => partitionRpcSubject(partitionOf(pduId), operation)

/** While a partition moves, its old owner may answer once more: a connected socket beats one that is not. */
function keepBetter(found: Map<string, SocketStatus>, status: SocketStatus): void {
  const other = found.get(status.socket_id)
  if (!other || (other.connection.state !== 'connected' && status.connection.state === 'connected')) {
    found.set(status.socket_id, status)
  }
}

/** The server says at once that nobody has subscribed: nobody has the request. */
function isNobodyThere(error: unknown): boolean {
  if (error instanceof errors.RequestError) return error.isNoResponders()
  return error instanceof errors.NoRespondersError
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
