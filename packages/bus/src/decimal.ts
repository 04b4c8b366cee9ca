const ZERO = 0x30

/** The number whose decimal digits stand from `from` to before `to`; NaN when there is anything else, or nothing. */
export function decimalIn(bytes: Uint8Array, from: number, to: number): number {
  if (from >= to) return Number.NaN
  let value = 0
  for (let index = from; index < to; index += 1) {
    const digit = (bytes[index] as number) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
