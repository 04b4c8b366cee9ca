const PUBACK = 0x40
/** Of a PUBACK (MQTT 3.1.1 section 3.4): type, remaining length 2, packet id. */
const PUBACK_LENGTH = 4

/** Counts PUBACKs in a stream of nothing else that is cut anywhere. */
export interface PubackCounter {
  /** PUBACKs so far. */
  readonly count: number
  /**
   * The PUBACKs that `chunk` completes.
   *
   * @throws when the stream holds another packet.
   */
  add(chunk: Buffer): number
}

export function createPubackCounter(): PubackCounter {
  let bytes = 0
  let count = 0
  return {
    get count() {
      return count
    },
    add(chunk) {
      const begun = bytes % PUBACK_LENGTH
      for (let at = (PUBACK_LENGTH - begun) % PUBACK_LENGTH; at < chunk.length; at += PUBACK_LENGTH) {
        if (chunk[at] !== PUBACK)
          throw new Error(`the broker sent packet type ${(chunk[at] as number) >> 4}, not PUBACK`)
      }
      bytes += chunk.length
      const completed = Math.floor(bytes / PUBACK_LENGTH) - count
      count += completed
      return completed
    },
  }
}
