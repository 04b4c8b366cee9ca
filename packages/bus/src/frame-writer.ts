import { errors, type NatsConnection } from '@nats-io/nats-core'
import type { NatsConnectionImpl } from '@nats-io/nats-core/internal'

export interface Frame {
  readonly subject: string
  readonly payload: Uint8Array
  readonly reply?: string
  /** `Nats-Msg-Id`. */
  readonly messageId?: string
}

/**
 * Writes messages as frames of the NATS protocol (`PUB`, `HPUB`) one behind the other into one buffer, and hands that to the client library as a
 * whole. Its own `publish` makes three small buffers a message, each with memory of its own that the garbage collector has
 * to give back: 3 µs a message against 1.
 */
export interface FrameWriter {
  /**
   * Written at the next {@link flush}, or before it when much has gathered. Subjects and ids are ASCII.
   *
   * @throws InvalidArgumentError above the server's `max_payload`, ClosedConnectionError.
   */
  add(frame: Frame): void
  flush(): void
}

/** At least what the header takes of the server's `max_payload`, with a message id of ours. */
export const HEADER_BYTES = 128

const CHUNK_BYTES = 65_536
const LINE_END_BYTES = 2
const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a

export function createFrameWriter(connection: NatsConnection): FrameWriter {
  // The only way past `publish`; the library's own JetStream and KV packages use the same entry, `internal`.
  const { protocol } = connection as NatsConnectionImpl
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let start = 0
  let end = 0

  function flush(): void {
    if (end === start) return
    protocol.sendCommand(chunk.subarray(start, end))
    // What was handed over is read until it is written: the next frames come behind it.
    start = end
  }

  function reserve(bytes: number): void {
    if (end + bytes <= chunk.length) return
    flush()
    chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes))
    start = 0
    end = 0
  }

  return {
    add({ subject, payload, reply, messageId }) {
      if (connection.isClosed()) throw new errors.ClosedConnectionError()
      const header = messageId === undefined ? '' : `NATS/1.0\r\nNats-Msg-Id: ${messageId}\r\n\r\n`
      const length = header.length + payload.length
      const limit = connection.info?.max_payload ?? Number.POSITIVE_INFINITY
      if (length > limit) throw errors.InvalidArgumentError.format('payload', 'max_payload size exceeded')
      const to = reply === undefined ? subject : `${subject} ${reply}`
      const line =
        messageId === undefined ? `PUB ${to} ${length}\r\n` : `HPUB ${to} ${header.length} ${length}\r\n${header}`
      reserve(line.length + payload.length + LINE_END_BYTES)
      end += chunk.write(line, end, 'latin1')
      chunk.set(payload, end)
      end += payload.length
      chunk[end] = CARRIAGE_RETURN
      chunk[end + 1] = LINE_FEED
      end += LINE_END_BYTES
    },
    flush,
  }
}
