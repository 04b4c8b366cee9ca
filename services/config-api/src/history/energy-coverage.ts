import type { Period } from './periods.ts'

/** No reading of one meter between these times; milliseconds since 1970. */
export type Silence = Period

/**
 * How much of a period was measured, by `meters` counters: the share of its time (until `now`) that lies in no silence.
 * Complete when it is over and no counter was silent in it or just before it.
 */
export function coverageOf(
  period: Period,
  silences: readonly Silence[],
  meters: number,
  now: number,
): { coverage: number; complete: boolean } {
  const end = Math.min(period.to, now)
  const elapsed = end - period.from
  if (meters === 0 || elapsed <= 0) return { coverage: 0, complete: false }
  let silent = 0
  let touched = false
  for (const { from, to } of silences) {
    silent += Math.max(0, Math.min(to, end) - Math.max(from, period.from))
    // What was consumed in a silence counts where it ends, be it the first moment of the period.
    if (from < end && to >= period.from) touched = true
  }
  const coverage = Math.max(0, 1 - silent / (elapsed * meters))
  // Never 1 for something that is not whole.
  const shown = silent > 0 ? Math.min(0.9999, Math.round(coverage * 1e4) / 1e4) : 1
  return { coverage: shown, complete: !touched && period.to <= now }
}
