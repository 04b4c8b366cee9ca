import type { Resolution } from '@iomt/contracts/rest/telemetry-history'
import { invalidField } from '../changes/refusal.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const UNITS = { m: MINUTE, h: HOUR, d: DAY } as const

/** An answer has at most about so many points when the step is chosen here. */
const MAX_POINTS = 1_500
/** Milliseconds up to which readings are shown as they are: 1,500 at two a second and a half, 180 at one in 10 s. */
const RAW_RANGE = 30 * MINUTE
/** Days; more is a typing error, and calendars do not repeat in it. */
const MAX_STEP = 366 * DAY

export type RollupResolution = Exclude<Resolution, 'raw'>

/** How long a step is, and which rollup it is made from. */
export interface Step {
  /** As it is named in the answer: `15m`. */
  readonly name: string
  readonly milliseconds: number
  readonly resolution: RollupResolution
  /** Whole days, which begin at midnight of a time zone. */
  readonly days: number | null
}

/**
 * Reads `step=15m`; null for `raw`.
 * @throws Refusal when it is not `raw`, or minutes, hours or days.
 */
export function readStep(text: string): Step | null {
  if (text === 'raw') return null
  const [, digits = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const milliseconds = Number(digits) * (UNITS[unit as keyof typeof UNITS] ?? 0)
  if (milliseconds === 0 || milliseconds > MAX_STEP) {
    throw invalidField('/step', 'must be raw, or a number of minutes, hours or days up to 366d, for example 5m, 1h, 1d')
  }
  const days = milliseconds % DAY === 0 ? milliseconds / DAY : null
  return { name: text, milliseconds, resolution: resolutionFor(milliseconds), days }
}

/** The coarsest rollup whose buckets add up to the step. */
function resolutionFor(milliseconds: number): RollupResolution {
  if (milliseconds % DAY === 0) return '1d'
  return milliseconds % HOUR === 0 ? '1h' : '1m'
}

/**
 * The step for a range without one: as fine as the number of points allows, and as what is still kept allows (Dates of the
 * oldest readings and minutes; null: none are kept).
 */
export function chooseStep(
  from: Date,
  to: Date,
  kept: { readonly raw: Date | null; readonly minutes: Date | null },
): Step | null {
  const range = to.getTime() - from.getTime()
  const has = (oldest: Date | null) => oldest !== null && oldest <= from
  if (range <= RAW_RANGE && has(kept.raw)) return null
  if (range <= MAX_POINTS * MINUTE && has(kept.minutes)) return readStep('1m')
  return readStep(range <= MAX_POINTS * HOUR ? '1h' : '1d')
}
