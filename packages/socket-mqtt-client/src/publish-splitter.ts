import { PAYLOAD_BYTES_KEPT } from './socket-config.ts'
import type { IncomingPublish } from './transport.ts'

/** What a splitter finds in the bytes of a connection. */
export interface SplitterHandlers {
  /** The next packet is looked at once `next` has been called, in this call or later. */
  onPublish(message: IncomingPublish, next: () => void): void
  /** The bytes of a packet of any other type, whole. */
  onOther(packet: Buffer): void
  /** The bytes are no MQTT: nothing more is looked at. */
  onMalformed(reason: string): void
  /** No more bytes are wanted (true) or they are again (false): back-pressure. */
  onHold(held: boolean): void
}

export interface PublishSplitter {
  push(chunk: Buffer): void
}

const PUBLISH = 3
/** Bits of the fixed header of a PUBLISH (3.3.1). */
const DUP = 0x08
const RETAIN = 0x01
/** Bytes that are kept of a PUBLISH before its payload: a topic of 65,535, and more of MQTT 5 properties than anybody sends. */
const HEAD_BYTES_KEPT = 131_072

/**
 * Takes the PUBLISH packets out of what a broker sends and leaves the rest to the library. They are nearly all of it, and the
 * library spends 8 to 12 µs on each (events, streams, a turn of the event loop), this 0.6 µs.
 */
export function createPublishSplitter(
  protocolVersion: 4 | 5,
  handlers: SplitterHandlers,
  payloadBytesKept = PAYLOAD_BYTES_KEPT,
): PublishSplitter {
  const packetBytesKept = payloadBytesKept + HEAD_BYTES_KEPT
  /** Bytes from the start of the first packet that was not handled yet. */
  let buffer: Buffer = Buffer.alloc(0)
  let position = 0
  /** Chunks that came while their packet was incomplete; joined once it is whole. */
  let chunks: Buffer[] = []
  let chunkBytes = 0
  let missing = 0
  /** The beginning of a PUBLISH that is too large to keep, while the rest of it comes. */
  let beginning: Buffer | null = null
  /** Bytes of it that are still to come, to be thrown away. */
  let unread = 0
  /** Bytes that the present packet lacks for that reason. */
  let omitted = 0
  let held = false
  let working = false
  let broken = false

  function push(chunk: Buffer): void {
    if (broken) return
    const skipped = Math.min(unread, chunk.length)
    unread -= skipped
    if (unread > 0) return
    chunks.push(skipped === 0 ? chunk : chunk.subarray(skipped))
    chunkBytes += chunk.length - skipped
    if (held || chunkBytes < missing) return
    join()
    work()
  }

  function join(): void {
    const rest = buffer.subarray(position)
    buffer = rest.length === 0 && chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat([rest, ...chunks])
    position = 0
    chunks = []
    chunkBytes = 0
    missing = 0
  }

  function work(): void {
    working = true
    while (!held && !broken) {
      const packet = nextPacket()
      if (packet === null) break
      if ((packet[0] as number) >> 4 !== PUBLISH) handlers.onOther(packet)
      else publish(packet)
    }
    working = false
  }

  /**
   * The next packet, null when it is not there yet: then `missing` bytes have to come first. It is whole, but for the end of a
   * PUBLISH that is too large to keep.
   */
  function nextPacket(): Buffer | null {
    if (beginning) {
      const packet = beginning
      beginning = null
      return packet
    }
    let length = 0
    for (let index = 1; ; index += 1) {
      const at = position + index
      if (at >= buffer.length) return wait(1)
      const byte = buffer[at] as number
      length += (byte & 0x7f) * 128 ** (index - 1)
      if ((byte & 0x80) === 0) {
        const end = at + 1 + length
        if (end - position > packetBytesKept) return cut(end)
        if (end > buffer.length) return wait(end - buffer.length)
        const packet = buffer.subarray(position, end)
        position = end
        return packet
      }
      // 2.2.3: the remaining length takes at most four bytes.
      if (index === 4) return malformed('a packet with a length of more than four bytes')
    }
  }

  /** The beginning of a packet that would end at `end`, once the rest of it has come: nothing is acknowledged before. */
  function cut(end: number): Buffer | null {
    if ((buffer[position] as number) >> 4 !== PUBLISH) {
      return malformed(`a packet of ${end - position} bytes that is no message`)
    }
    const keptEnd = position + packetBytesKept
    if (keptEnd > buffer.length) return wait(keptEnd - buffer.length)
    const packet = buffer.subarray(position, keptEnd)
    omitted = end - keptEnd
    unread = Math.max(0, end - buffer.length)
    position = Math.min(end, buffer.length)
    if (unread === 0) return packet
    beginning = packet
    return wait(0)
  }

  function wait(bytes: number): null {
    missing = bytes
    return null
  }

  function malformed(reason: string): null {
    broken = true
    handlers.onMalformed(reason)
    return null
  }

  function publish(packet: Buffer): void {
    const message = readPublish(packet, protocolVersion, omitted, payloadBytesKept)
    omitted = 0
    if (message === null) {
      malformed('a PUBLISH of QoS 3, or one that is shorter than its own lengths')
      return
    }
    let passed = false
    let returned = false
    handlers.onPublish(message, () => {
      if (passed) return
      passed = true
      if (returned) resume()
    })
    returned = true
    if (passed) return
    held = true
    handlers.onHold(true)
  }

  function resume(): void {
    held = false
    handlers.onHold(false)
    if (working) return
    if (chunks.length > 0 && chunkBytes >= missing) join()
    work()
  }

  return { push }
}

/**
 * 3.3.1 to 3.3.3: header, topic, packet id from QoS 1 on, in MQTT 5 properties, payload, of which the last `omitted` bytes are
 * not there. Null when it does not add up.
 */
function readPublish(
  packet: Buffer,
  protocolVersion: 4 | 5,
  omitted: number,
  payloadBytesKept: number,
): IncomingPublish | null {
  const header = packet[0] as number
  const qos = (header >> 1) & 3
  // 3.3.1-4
  if (qos === 3) return null
  let at = 1
  while (((packet[at] as number) & 0x80) !== 0) at += 1
  at += 1
  if (at + 2 > packet.length) return null
  const topicEnd = at + 2 + packet.readUInt16BE(at)
  const topic = packet.toString('utf8', at + 2, topicEnd)
  at = topicEnd
  let packetId: number | undefined
  if (qos > 0) {
    if (at + 2 > packet.length) return null
    packetId = packet.readUInt16BE(at)
    at += 2
  }
  if (protocolVersion === 5) {
    // None of the properties matters: we allow no topic aliases and ask for no subscription identifiers.
    let length = 0
    for (let index = 0; ; index += 1) {
      if (index === 4 || at >= packet.length) return null
      const byte = packet[at] as number
      at += 1
      length += (byte & 0x7f) * 128 ** index
      if ((byte & 0x80) === 0) break
    }
    at += length
  }
  // Properties of megabytes leave nothing of the payload; that is no reason to take the packet for broken.
  const payloadBytes = packet.length + omitted - at
  if (payloadBytes < 0) return null
  return {
    topic,
    payload: packet.subarray(at, at + payloadBytesKept),
    payloadBytes,
    qos: qos as 0 | 1 | 2,
    packetId,
    dup: (header & DUP) !== 0,
    retain: (header & RETAIN) !== 0,
  }
}
