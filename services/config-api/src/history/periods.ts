import type { EnergyPeriodName } from '@iomt/contracts/rest/energy'
import type { TimeZoneClock } from './time-zone-clock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Monday 1970-01-05, so that steps of 7 days are weeks. */
const MONDAY = 4 * DAY

/** Whether days begin where UTC's do, so that day rollups can be used. */
export function isUtc(timeZone: string): boolean {
  return /^(?:Etc\/)?(?:UTC|UCT|GMT|Zulu|Universal|Greenwich)$|^Etc\/GMT[+-]?0$|^GMT[+-]?0$/i.test(timeZone)
}

/** Start of the step of `milliseconds` that `instant` lies in; in UTC. */
export function floorToStep(instant: number, milliseconds: number): number {
  const origin = milliseconds % DAY === 0 ? MONDAY : 0
  return Math.floor((instant - origin) / milliseconds) * milliseconds + origin
}

/**
 * Starts of steps of `days` local days, the first being the one that `from` lies in and the last the first that is not
 * before `to`; at most `limit` steps, so one start more.
 */
export function localDays(clock: TimeZoneClock, from: number, to: number, days: number, limit: number): number[] {
  const local = from + clock.offsetAt(from)
  let wall = floorToStep(local, days * DAY)
  const starts = [clock.instantOf(wall)]
  while (starts.length <= limit && (starts.at(-1) as number) < to) {
    wall += days * DAY
    starts.push(clock.instantOf(wall))
  }
  return starts
}

export interface Period {
  readonly from: number
  readonly to: number
}

/** The periods that [from, to) is made of, the first and the last cut to it; at most `limit`. */
export function periodsOf(
  name: EnergyPeriodName,
  clock: TimeZoneClock,
  from: number,
  to: number,
  limit: number,
): Period[] {
  const periods: Period[] = []
  let start = from
  while (start < to && periods.length < limit) {
    const end = Math.min(to, nextStart(name, clock, start))
    periods.push({ from: start, to: end })
    start = end
  }
  return periods
}

/** The beginning of the next period after the one that `instant` lies in. */
function nextStart(name: EnergyPeriodName, clock: TimeZoneClock, instant: number): number {
  if (name === 'hour') return nextHour(clock, instant)
  const wall = instant + clock.offsetAt(instant)
  if (name === 'day') return clock.instantOf(Math.floor(wall / DAY) * DAY + DAY)
  const date = new Date(wall)
  return clock.instantOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1))
}

/** Hours are of the wall clock too (half past in India), but a clock that is put back has the same hour twice: two periods. */
function nextHour(clock: TimeZoneClock, instant: number): number {
  const into = (((instant + clock.offsetAt(instant)) % HOUR) + HOUR) % HOUR
  return instant - into + HOUR
}
