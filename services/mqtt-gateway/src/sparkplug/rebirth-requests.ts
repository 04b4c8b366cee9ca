import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { commandTopic } from '@iomt/payload-decoders/sparkplug/address'
import { rebirthRequest } from '@iomt/payload-decoders/sparkplug/rebirth-request'
import type { Logger } from '@iomt/service-runtime/logger'

/** Milliseconds between two requests to one edge node. */
const ASK_AGAIN = 60_000
const MOST_NODES = 10_000

export interface RebirthRequestOptions {
  /** Publishes at QoS 0 on the socket's connection. */
  readonly publish: (socketId: string, topic: string, payload: Buffer) => Promise<unknown>
  readonly now: () => number
  readonly logger: Logger
}

/**
 * Asks a Sparkplug edge node to publish its births again. A gateway that takes a socket over has not heard them, they are not
 * retained, and data by alias means nothing without them. A refusal is no error: the broker may not allow us to command.
 */
export type RequestRebirth = (state: SocketDesiredState, topic: string) => void

export function createRebirthRequests({ publish, now, logger }: RebirthRequestOptions): RequestRebirth {
  /** When each node was asked last, the longest ago first. */
  const asked = new Map<string, number>()

  return ({ socket_id: socketId, broker }, topic) => {
    const to = commandTopic(topic)
    if (to === null) return
    const node = `${broker?.host}:${broker?.port} ${to}`
    const before = asked.get(node)
    if (before !== undefined && now() - before < ASK_AGAIN) return
    asked.delete(node)
    asked.set(node, now())
    if (asked.size > MOST_NODES) asked.delete(asked.keys().next().value as string)
    logger.info({ socketId, topic: to }, 'asking a Sparkplug node for its births: data came by alias')
    publish(socketId, to, rebirthRequest(now())).catch((error: unknown) =>
      logger.warn({ err: error, socketId, topic: to }, 'cannot ask a Sparkplug node for its births'),
    )
  }
}
