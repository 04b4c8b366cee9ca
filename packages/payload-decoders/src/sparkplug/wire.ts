/** One field of a protobuf message. Numbers between 2^53 and 2^63 lose their last digits, as in JSON. */
export interface WireField {
  readonly field: number
  readonly type: 0 | 1 | 2 | 5
  /** Varints (type 0); from 2^63 on taken as negative, since that is how negative numbers of any size may travel. */
  readonly number: number
  /** Content of type 2, else empty; for types 1 and 5 the 8 or 4 bytes. */
  readonly bytes: Uint8Array
}

/** Bytes that are no protobuf. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

const EMPTY = new Uint8Array(0)

/**
 * Reads the fields of a protobuf message (encoding of proto2 and proto3). A reader of forty lines instead of a library: Sparkplug
 * has a handful of message types, and libraries compile theirs from text.
 */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  let at = 0
  const varint = (): number => {
    let value = 0
    let scale = 1
    const from = at
    for (let count = 0; count < 10; count += 1) {
      const byte = bytes[at]
      if (byte === undefined) throw new WireError('a number is cut off')
      at += 1
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return count < 9 ? value : negative(bytes.subarray(from, at))
      scale *= 128
    }
    throw new WireError('a number has more than 64 bits')
  }
  const take = (length: number): Uint8Array => {
    if (length < 0 || length > bytes.length - at) throw new WireError('a field is longer than the message')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const key = varint()
    const field = Math.floor(key / 8)
    const type = key % 8
    if (field === 0) throw new WireError('field number 0')
    if (type === 0) yield { field, type, number: varint(), bytes: EMPTY }
    else if (type === 1) yield { field, type, number: 0, bytes: take(8) }
    else if (type === 2) yield { field, type, number: 0, bytes: take(varint()) }
    else if (type === 5) yield { field, type, number: 0, bytes: take(4) }
    else throw new WireError(`wire type ${type}`)
  }
}

/** Ten bytes: at least 2^63, the sign of 64 bits. */
function negative(varint: Uint8Array): number {
  let value = 0n
  for (const [index, byte] of varint.entries()) value |= BigInt(byte & 0x7f) << BigInt(7 * index)
  return Number(BigInt.asIntN(64, value))
}

export function floatOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0, true)
}

export function doubleOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new WireError('text that is not UTF-8', { cause })
  }
}
