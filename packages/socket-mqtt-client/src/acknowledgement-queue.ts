/** A message that waits for its acknowledgement. */
export interface PendingAcknowledgement {
  readonly packetId: number
  readonly qos: 1 | 2
  /** When it was delivered for the first time, at the earliest; milliseconds since 1970. */
  readonly since: number
  stored: boolean
}

/**
 * The messages of one session in the order they came, acknowledged in that order (MQTT-4.6.0-2) although they may be
 * stored in another. No I/O. One queue a session: a new one is made for each connect, so no acknowledgement can reach a
 * later session, where its packet id may name another message.
 */
export interface AcknowledgementQueue {
  /** Takes the place of a message before anything is done with it: the store may answer before we return. */
  enqueue(packetId: number, qos: 1 | 2, since: number): PendingAcknowledgement
  /** Marks a message as stored and answers what can be acknowledged now, oldest first; empty while an older one waits. */
  stored(pending: PendingAcknowledgement): PendingAcknowledgement[]
  /** The smallest `since` of those that wait, or `otherwise`. */
  oldest(otherwise: number): number
  readonly length: number
}

const RELEASED: PendingAcknowledgement = { packetId: 0, qos: 1, since: 0, stored: true }

export function createAcknowledgementQueue(): AcknowledgementQueue {
  let queue: PendingAcknowledgement[] = []
  let head = 0
  return {
    enqueue(packetId, qos, since) {
      const pending = { packetId, qos, since, stored: false }
      queue.push(pending)
      return pending
    },
    stored(pending) {
      pending.stored = true
      const ready: PendingAcknowledgement[] = []
      while (head < queue.length && queue[head]?.stored) {
        ready.push(queue[head] as PendingAcknowledgement)
        // Kept here until the queue is cut, each would outlive the young generation and cost a full collection later.
        queue[head] = RELEASED
        head += 1
      }
      // Shifting each entry would copy the queue every time; cutting it when half is done costs O(1) a message.
      if (head > 512 && head * 2 > queue.length) {
        queue = queue.slice(head)
        head = 0
      }
      return ready
    },
    oldest(otherwise) {
      let oldest = otherwise
      for (let index = head; index < queue.length; index += 1) {
        oldest = Math.min(oldest, (queue[index] as PendingAcknowledgement).since)
      }
      return oldest
    },
    get length() {
      return queue.length - head
    },
  }
}
