/** What a waiting message costs beside its payload: packet, reading, JSON and callbacks (about 2 KB when promises were among it). */
const MESSAGE_OVERHEAD = 2_048
/** Payload bytes exist three times while waiting: packet, `raw`, and the encoded reading. */
const PAYLOAD_COPIES = 3

/**
 * Default bound of all that is received and not yet stored, over all connections of a process: some 3,000 messages, more than are
 * on their way to JetStream at once. What waits beyond that outlives the young generation and costs more the longer it waits:
 * with 64 MiB a gateway that could not keep up on a busy machine stored half as much.
 */
export const DEFAULT_PENDING_BYTES = 8 * 1024 * 1024

/**
 * What every connection may have whatever the others hold: some 12 messages, so that connections whose messages cannot be stored
 * (because the dead-letter stream is full, for one) slow the others down and never stop them.
 */
const OWN_BYTES = 32 * 1024

/** Keeps connections from stopping and starting with every message: they go on at three quarters of what stopped them. */
const RESUME_AT = 0.75

/**
 * Bounds what is received and not yet stored, over all connections. Above the cap connections stop reading, the kernel's
 * buffers fill, and the broker keeps the messages: back-pressure instead of memory growth.
 */
export interface PendingBudget {
  /** A connection's part in it. */
  ofConnection(): ConnectionBudget
  readonly bytes: number
}

export interface ConnectionBudget {
  /** Counts a message in; true when there is room for more. */
  take(payloadBytes: number): boolean
  give(payloadBytes: number): void
  /** Calls back when there is room again; at once when there is. */
  whenRoom(callback: () => void): void
}

export function createPendingBudget(limit = DEFAULT_PENDING_BYTES): PendingBudget {
  let bytes = 0
  /** Of the connections that wait: lets them go on. */
  const waiting = new Set<() => void>()
  const cost = (payloadBytes: number) => MESSAGE_OVERHEAD + PAYLOAD_COPIES * payloadBytes

  function ofConnection(): ConnectionBudget {
    let own = 0
    let callbacks: Array<() => void> = []
    const hasRoomAgain = () => bytes <= limit * RESUME_AT || own <= OWN_BYTES * RESUME_AT
    const goOn = () => {
      waiting.delete(goOn)
      const ready = callbacks
      callbacks = []
      for (const callback of ready) callback()
    }
    return {
      take(payloadBytes) {
        bytes += cost(payloadBytes)
        own += cost(payloadBytes)
        return bytes < limit || own < OWN_BYTES
      },
      give(payloadBytes) {
        bytes -= cost(payloadBytes)
        own -= cost(payloadBytes)
        if (waiting.size === 0) return
        if (bytes <= limit * RESUME_AT) for (const waits of [...waiting]) waits()
        else if (hasRoomAgain()) goOn()
      },
      whenRoom(callback) {
        if (hasRoomAgain()) return callback()
        callbacks.push(callback)
        waiting.add(goOn)
      },
    }
  }

  return {
    ofConnection,
    get bytes() {
      return bytes
    },
  }
}
