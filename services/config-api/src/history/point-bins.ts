import { floorToStep, isUtc, localDays } from './periods.ts'
import type { Bins } from './points-query.ts'
import type { RollupResolution, Step } from './step.ts'
import { createTimeZoneClock } from './time-zone-clock.ts'

const HOUR = 3_600_000

/** A stretch of steps, and what it takes to make them. */
export interface Stretch {
  /** Start of the first step. */
  readonly from: Date
  /** Start of the step after the last. */
  readonly to: Date
  readonly bins: Bins
  readonly resolution: RollupResolution
  readonly splitHours: readonly Date[]
}

/** Which rollup the points are made from. */
export function resolutionOf(step: Step, timeZone: string): RollupResolution {
  return step.days === null || isUtc(timeZone) ? step.resolution : '1h'
}

/**
 * The steps from the one that holds `from`, at most `count`, none that begins at `to` or later; the last is whole. Days of
 * a time zone other than UTC are made from hours; where such a day begins within an hour (half past, in India), that hour
 * comes from minutes as long as they are kept.
 */
export function stretchOf(
  step: Step,
  timeZone: string,
  from: Date,
  to: Date,
  count: number,
  minutesKept: Date | null,
): Stretch {
  const resolution = resolutionOf(step, timeZone)
  if (step.days === null || isUtc(timeZone)) {
    const { milliseconds } = step
    const start = floorToStep(from.getTime(), milliseconds)
    const end = Math.min(endOfSteps(step, timeZone, to).getTime(), start + count * milliseconds)
    const origin = new Date(floorToStep(0, milliseconds))
    return { from: new Date(start), to: new Date(end), bins: { milliseconds, origin }, resolution, splitHours: [] }
  }
  const starts = localDays(createTimeZoneClock(timeZone), from.getTime(), to.getTime(), step.days, count)
  const splitHours = splitHoursOf(starts, minutesKept)
  const end = starts.pop() as number
  const bins = { starts: starts.map((start) => new Date(start)) }
  return { from: new Date(starts[0] as number), to: new Date(end), bins, resolution, splitHours }
}

/** The end of the last step that begins before `to`: steps are always whole. */
export function endOfSteps(step: Step, timeZone: string, to: Date): Date {
  const last = to.getTime() - 1
  if (step.days === null || isUtc(timeZone)) return new Date(floorToStep(last, step.milliseconds) + step.milliseconds)
  return new Date(localDays(createTimeZoneClock(timeZone), last, to.getTime(), step.days, 1).at(-1) as number)
}

/** The hours that one of the times lies within, as far as there are minutes to take their place. */
export function splitHoursOf(times: readonly number[], minutesKept: Date | null): Date[] {
  if (minutesKept === null) return []
  const hours = times.filter((time) => time % HOUR !== 0).map((time) => Math.floor(time / HOUR) * HOUR)
  return [...new Set(hours)].filter((hour) => hour >= minutesKept.getTime()).map((hour) => new Date(hour))
}
