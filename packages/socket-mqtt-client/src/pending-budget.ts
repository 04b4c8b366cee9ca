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
 * Bounds what is received and not yet stored, over all connections. Above the cap connections stop reading, the kernel's
 * buffers fill, and the broker keeps the messages: back-pressure instead of memory growth.
 */
export interface PendingBudget {
  /** Counts a message in; true when there is room for more. */
  take(payloadBytes: number): boolean
  give(payloadBytes: number): void
  /** Calls back when there is room again; at once when there is. */
  whenRoom(callback: () => void): void
  readonly bytes: number
}

export function createPendingBudget(limit = DEFAULT_PENDING_BYTES): PendingBudget {
  let bytes = 0
  let waiting: Array<() => void> = []
  const cost = (payloadBytes: number) => MESSAGE_OVERHEAD + PAYLOAD_COPIES * payloadBytes
  // Resuming at 3/4 instead of at the cap keeps connections from stopping and starting with every message.
  const resumeAt = limit * 0.75
  return {
    take(payloadBytes) {
      bytes += cost(payloadBytes)
      return bytes < limit
    },
    give(payloadBytes) {
      bytes -= cost(payloadBytes)
      if (waiting.length > 0 && bytes <= resumeAt) {
        const callbacks = waiting
        waiting = []
        for (const callback of callbacks) callback()
      }
    },
    whenRoom(callback) {
      if (bytes <= resumeAt) callback()
      else waiting.push(callback)
    },
    get bytes() {
      return bytes
    },
  }
}
