/** Milliseconds. The first retry comes soon; thousands of clients after a broker restart must not come at once. */
export const BACK_OFF_BASE = 250
export const BACK_OFF_CAP = 15_000

/**
 * Milliseconds to wait before attempt `failures + 1`: full jitter, uniform in (0, min(cap, base × 2^failures)), which
 * spreads a herd best ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function backOff(failures: number, random: () => number): number {
  const ceiling = Math.min(BACK_OFF_CAP, BACK_OFF_BASE * 2 ** Math.min(failures, 16))
  return Math.ceil(random() * ceiling)
}
