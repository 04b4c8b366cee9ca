const PUBACK = Buffer.from([0x40, 0x02, 0, 0])
const PUBLISH = 3

/** Finds QoS 1 PUBLISH packets in a stream of bytes that is cut anywhere. */
export interface PublishScanner {
  /** The PUBACKs for all packets that `chunk` completes; null when there is none. */
  scan(chunk: Buffer): Buffer | null
}

export function createPublishScanner(): PublishScanner {
  let rest: Buffer | null = null

  return {
    scan(chunk) {
      const data = rest === null ? chunk : Buffer.concat([rest, chunk])
      const packetIds: number[] = []
      let at = 0
      for (;;) {
        const end = packetEnd(data, at)
        if (end === null) break
        const type = (data[at] as number) >> 4
        if (type !== PUBLISH) throw new Error(`expected PUBLISH packets only, found type ${type}`)
        const topicAt = variableHeaderAt(data, at)
        packetIds.push(data.readUInt16BE(topicAt + 2 + data.readUInt16BE(topicAt)))
        at = end
      }
      rest = at === data.length ? null : data.subarray(at)
      return packetIds.length === 0 ? null : acknowledgementsOf(packetIds)
    },
  }
}

/** Where the packet that starts at `at` ends; null when it is not complete (MQTT 3.1.1 section 2.2.3). */
function packetEnd(data: Buffer, at: number): number | null {
  let remaining = 0
  for (let digit = 0; digit < 4; digit += 1) {
    const byte = data[at + 1 + digit]
    if (byte === undefined) return null
    remaining += (byte & 0x7f) << (7 * digit)
    if (byte < 0x80) {
      const end = at + 2 + digit + remaining
      return end <= data.length ? end : null
    }
  }
  throw new Error('a remaining length of more than four bytes')
}

function variableHeaderAt(data: Buffer, at: number): number {
  let start = at + 1
  while ((data[start] as number) >= 0x80) start += 1
  return start + 1
}

function acknowledgementsOf(packetIds: readonly number[]): Buffer {
  const acknowledgements = Buffer.allocUnsafe(4 * packetIds.length)
  for (const [index, packetId] of packetIds.entries()) {
    PUBACK.copy(acknowledgements, 4 * index)
    acknowledgements.writeUInt16BE(packetId, 4 * index + 2)
  }
  return acknowledgements
}
