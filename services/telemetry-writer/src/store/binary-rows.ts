import { INSTANT_BYTES, UUID_BYTES, writeInstant, writeUuid } from './binary-values.ts'

/**
 * Rows in Postgres' binary COPY format (documentation of COPY, "Binary Format"): measured at 0.8 µs a row of 15 columns,
 * against 1.7 µs for text and about 4 µs for array literals, and cheaper for Postgres to read.
 *
 * Call `begin`, then for each row `row` and one method for each column in the order of the COPY statement, then `finish`. One
 * buffer serves all streams that are made one after the other: megabytes a batch would keep the garbage collector busy.
 */
export interface BinaryRows {
  /** A new stream, whatever became of the one before. */
  begin(): void
  row(columns: number): void
  none(): void
  uuid(text: string): void
  /** Milliseconds since 1970. */
  timestamp(milliseconds: number): void
  double(value: number): void
  boolean(value: boolean): void
  smallint(value: number): void
  text(value: string): void
  jsonb(json: string): void
  texts(values: readonly string[]): void
  /** The whole stream with its trailer, for use until the next `begin`. */
  finish(): Buffer
}

const FIRST_BYTES = 65_536
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
/** Flags and the length of the header extension: none. */
const HEADER_BYTES = SIGNATURE.length + 8
const NULL_LENGTH = -1
const TEXT_TYPE = 25
const JSONB_VERSION = 1

export function createBinaryRows(): BinaryRows {
  let buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  let end = HEADER_BYTES
  SIGNATURE.copy(buffer)
  buffer.fill(0, SIGNATURE.length, HEADER_BYTES)

  function reserve(bytes: number): void {
    if (end + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + bytes))
    buffer.copy(larger, 0, 0, end)
    buffer = larger
  }

  function length(bytes: number): void {
    end = buffer.writeInt32BE(bytes, end)
  }

  function textBytes(value: string): void {
    // UTF-8 takes at most 3 bytes for each UTF-16 unit.
    reserve(4 + value.length * 3)
    const written = buffer.write(value, end + 4)
    length(written)
    end += written
  }

  return {
    begin() {
      end = HEADER_BYTES
    },
    row(columns) {
      reserve(2)
      end = buffer.writeInt16BE(columns, end)
    },
    none() {
      reserve(4)
      length(NULL_LENGTH)
    },
    uuid(text) {
      reserve(4 + UUID_BYTES)
      length(UUID_BYTES)
      end = writeUuid(buffer, text, end)
    },
    timestamp(milliseconds) {
      reserve(4 + INSTANT_BYTES)
      length(INSTANT_BYTES)
      end = writeInstant(buffer, milliseconds, end)
    },
    double(value) {
      reserve(12)
      length(8)
      end = buffer.writeDoubleBE(value, end)
    },
    boolean(value) {
      reserve(5)
      length(1)
      buffer[end] = value ? 1 : 0
      end += 1
    },
    smallint(value) {
      reserve(6)
      length(2)
      end = buffer.writeInt16BE(value, end)
    },
    text: textBytes,
    jsonb(json) {
      reserve(5 + json.length * 3)
      const written = buffer.write(json, end + 5)
      length(written + 1)
      buffer[end] = JSONB_VERSION
      end += 1 + written
    },
    texts(values) {
      const start = end
      reserve(24)
      // Length (later), dimensions, "has nulls", element type, size and lower bound of the one dimension.
      for (const value of [0, 1, 0, TEXT_TYPE, values.length, 1]) end = buffer.writeInt32BE(value, end)
      for (const value of values) textBytes(value)
      buffer.writeInt32BE(end - start - 4, start)
    },
    finish() {
      reserve(2)
      return buffer.subarray(0, buffer.writeInt16BE(-1, end))
    },
  }
}
