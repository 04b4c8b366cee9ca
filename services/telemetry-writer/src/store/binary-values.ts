/** Values as Postgres sends and receives them in its binary formats (`uuid_recv`, `timestamptz_recv` in its source). */

export const UUID_BYTES = 16
export const INSTANT_BYTES = 8

/** By character code; hyphens and anything else are not looked at. */
const HEX = new Uint8Array(128)
for (let digit = 0; digit < 16; digit += 1) {
  const character = digit.toString(16)
  HEX[character.charCodeAt(0)] = digit
  HEX[character.toUpperCase().charCodeAt(0)] = digit
}
/** Where the 16 bytes of a UUID begin in its text. */
const UUID_OFFSETS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
/** Postgres counts from 2000-01-01 in microseconds. */
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1)
const TWO_TO_32 = 4_294_967_296

/** @returns where the next value begins. */
export function writeUuid(buffer: Buffer, text: string, at: number): number {
  for (let index = 0; index < UUID_BYTES; index += 1) {
    const offset = UUID_OFFSETS[index] as number
    const high = HEX[text.charCodeAt(offset)] as number
    buffer[at + index] = (high << 4) | (HEX[text.charCodeAt(offset + 1)] as number)
  }
  return at + UUID_BYTES
}

/**
 * A `timestamptz`.
 *
 * @param milliseconds since 1970.
 * @returns where the next value begins.
 */
export function writeInstant(buffer: Buffer, milliseconds: number, at: number): number {
  const microseconds = Math.round((milliseconds - POSTGRES_EPOCH) * 1_000)
  const high = Math.floor(microseconds / TWO_TO_32)
  return buffer.writeUInt32BE(microseconds - high * TWO_TO_32, buffer.writeInt32BE(high, at))
}
