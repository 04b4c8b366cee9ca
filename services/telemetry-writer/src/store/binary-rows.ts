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
/** Postgres counts from 2000-01-01 in microseconds. */
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1)
const TWO_TO_32 = 4_294_967_296
const NULL_LENGTH = -1
const TEXT_TYPE = 25
const JSONB_VERSION = 1

/** By character code; hyphens and anything else are not looked at. */
const HEX = new Uint8Array(128)
for (let digit = 0; digit < 16; digit += 1) {
  const character = digit.toString(16)
  HEX[character.charCodeAt(0)] = digit
  HEX[character.toUpperCase().charCodeAt(0)] = digit
}
/** Where the 16 bytes of a UUID begin in its text. */
const UUID_OFFSETS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

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
      reserve(20)
      length(16)
      for (let index = 0; index < 16; index += 1) {
        const offset = UUID_OFFSETS[index] as number
        const high = HEX[text.charCodeAt(offset)] as number
        buffer[end + index] = (high << 4) | (HEX[text.charCodeAt(offset + 1)] as number)
      }
      end += 16
    },
    timestamp(milliseconds) {
      reserve(12)
      length(8)
      const microseconds = (milliseconds - POSTGRES_EPOCH) * 1_000
      const high = Math.floor(microseconds / TWO_TO_32)
      buffer.writeInt32BE(high, end)
      buffer.writeUInt32BE(microseconds - high * TWO_TO_32, end + 4)
      end += 8
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
