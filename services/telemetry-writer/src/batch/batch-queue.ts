/** When a batch is cut: whichever limit is reached first. */
export interface BatchLimits {
  readonly items: number
  readonly bytes: number
  /** Milliseconds that the oldest item waits for others. */
  readonly linger: number
}

/** What waits for the database, in the order it arrived, and when the next batch of it is due. No I/O, no timers. */
export interface BatchQueue<Item> {
  add(item: Item, bytes: number, now: number): void
  /** What waits now is due, and what comes before it is taken. */
  hurry(): void
  /** Milliseconds until a batch is due: 0 when one is, null when nothing waits. */
  dueIn(now: number): number | null
  /** The next batch; a single item above the byte limit is a batch of its own. Empty when nothing waits. */
  take(): Item[]
  readonly length: number
  readonly bytes: number
  items(): Iterable<Item>
}

interface Waiting<Item> {
  readonly item: Item
  readonly bytes: number
  readonly since: number
}

export function createBatchQueue<Item>(limits: BatchLimits): BatchQueue<Item> {
  let waiting: Waiting<Item>[] = []
  let bytesWaiting = 0
  let hurried = false

  return {
    add(item, bytes, now) {
      waiting.push({ item, bytes, since: now })
      bytesWaiting += bytes
    },
    hurry() {
      hurried = waiting.length > 0
    },
    dueIn(now) {
      const oldest = waiting[0]
      if (!oldest) return null
      if (hurried || waiting.length >= limits.items || bytesWaiting >= limits.bytes) return 0
      return Math.max(0, oldest.since + limits.linger - now)
    },
    take() {
      let bytes = 0
      let count = 0
      for (const next of waiting) {
        if (count === limits.items || (count > 0 && bytes + next.bytes > limits.bytes)) break
        bytes += next.bytes
        count += 1
      }
      const taken = waiting.slice(0, count)
      waiting = waiting.slice(count)
      bytesWaiting -= bytes
      // More than one batch may have been hurried: what is left is due until nothing is.
      if (waiting.length === 0) hurried = false
      return taken.map(({ item }) => item)
    },
    get length() {
      return waiting.length
    },
    get bytes() {
      return bytesWaiting
    },
    *items() {
      for (const { item } of waiting) yield item
    },
  }
}
