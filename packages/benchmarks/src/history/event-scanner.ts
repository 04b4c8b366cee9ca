const EVENT = Buffer.from('event: telemetry\n')
const EVENT_END = Buffer.from('\n\n')
const NOTHING = Buffer.alloc(0)

/** Finds the readings in a stream of server-sent events that is cut anywhere. */
export interface EventScanner {
  /** Readings so far. */
  readonly count: number
  add(chunk: Buffer): void
}

/** `onEvent` gets each reading once it is complete: its text from `event:` to before the empty line. */
export function createEventScanner(onEvent: (event: Buffer) => void): EventScanner {
  let tail: Buffer = NOTHING
  let count = 0
  return {
    get count() {
      return count
    },
    add(chunk) {
      const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk])
      let searched = 0
      for (;;) {
        const start = bytes.indexOf(EVENT, searched)
        if (start < 0) {
          // The beginning of a mark may be among the last bytes; a copy, so that they do not hold the whole chunk.
          tail = Buffer.from(bytes.subarray(Math.max(searched, bytes.length - EVENT.length + 1)))
          return
        }
        const end = bytes.indexOf(EVENT_END, start)
        if (end < 0) {
          tail = bytes.subarray(start)
          return
        }
        count += 1
        onEvent(bytes.subarray(start, end))
        searched = end
      }
    },
  }
}
