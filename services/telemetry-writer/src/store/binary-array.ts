import { INSTANT_BYTES, UUID_BYTES, writeInstant, writeUuid } from './binary-values.ts'

/**
 * Arrays of one dimension in Postgres' binary format (`array_recv` in its source), as parameters for `unnest`: bytes instead of a
 * text that is put together here and taken apart there, which for the columns of current state cost 1.6 µs a row more here
 * and 3 µs more in Postgres. Null and undefined become null.
 */

const BOOLEAN_TYPE = 16
const TEXT_TYPE = 25
const DOUBLE_TYPE = 701
const INSTANT_TYPE = 1184
const UUID_TYPE = 2950
const BOOLEAN_BYTES = 1
const DOUBLE_BYTES = 8
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
/** Number of dimensions, "may have nulls", type of the elements, number of elements, index of the first. */
const HEADER_BYTES = 20

type OrNone<Value> = Value | null | undefined
/** Writes a value and answers where the next one begins. */
type Write<Value> = (buffer: Buffer, value: Value, at: number) => number

/** `uuid[]` */
export function uuidArray(values: readonly OrNone<string>[]): Buffer {
  return arrayOf(UUID_TYPE, UUID_BYTES, writeUuid, values)
}

/** `timestamptz[]`, from milliseconds since 1970. */
export function instantArray(values: readonly OrNone<number>[]): Buffer {
  return arrayOf(INSTANT_TYPE, INSTANT_BYTES, writeInstant, values)
}

/** `float8[]` */
export function doubleArray(values: readonly OrNone<number>[]): Buffer {
  return arrayOf(DOUBLE_TYPE, DOUBLE_BYTES, (buffer, value, at) => buffer.writeDoubleBE(value, at), values)
}

/** `boolean[]` */
export function booleanArray(values: readonly OrNone<boolean>[]): Buffer {
  return arrayOf(BOOLEAN_TYPE, BOOLEAN_BYTES, (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at), values)
}

/** `text[]` */
export function textArray(values: readonly OrNone<string>[]): Buffer {
  let units = 0
  for (let index = 0; index < values.length; index += 1) units += values[index]?.length ?? 0
  // UTF-8 takes at most 3 bytes for each UTF-16 unit.
  const buffer = begin(TEXT_TYPE, values.length, units * 3)
  let end = HEADER_BYTES
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    if (value === null || value === undefined) end = buffer.writeInt32BE(NULL_LENGTH, end)
    else {
      const bytes = buffer.write(value, end + LENGTH_BYTES)
      end = buffer.writeInt32BE(bytes, end) + bytes
    }
  }
  return buffer.subarray(0, end)
}

function arrayOf<Value>(type: number, bytes: number, write: Write<Value>, values: readonly OrNone<Value>[]): Buffer {
  const buffer = begin(type, values.length, values.length * bytes)
  let end = HEADER_BYTES
  // By index: iterators of arrays of so many kinds made a tenth of all the writer's garbage.
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    if (value === null || value === undefined) end = buffer.writeInt32BE(NULL_LENGTH, end)
    else end = write(buffer, value, buffer.writeInt32BE(bytes, end))
  }
  return buffer.subarray(0, end)
}

/** @param bytes of all elements, without their lengths. */
function begin(type: number, count: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + count * LENGTH_BYTES + bytes)
  let end = 0
  for (const value of [1, 1, type, count, 1]) end = buffer.writeInt32BE(value, end)
  return buffer
}
