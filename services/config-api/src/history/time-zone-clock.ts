/** Milliseconds between a zone's wall clock and UTC, and the way back. Wall times are milliseconds as if they were UTC. */
export interface TimeZoneClock {
  /** Wall time minus UTC at an instant. */
  offsetAt(instant: number): number
  /** The first instant at which the wall clock shows this time; where it jumps over it, the instant of the jump. */
  instantOf(wall: number): number
}

const DAY = 86_400_000

/** `name` must be a zone that is known; see `requireTimeZone`. */
export function createTimeZoneClock(name: string): TimeZoneClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  })

  function offsetAt(instant: number): number {
    const whole = Math.floor(instant / 1_000) * 1_000
    const parts = new Map(format.formatToParts(whole).map(({ type, value }) => [type, value]))
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type))
    const wall = Date.UTC(
      number('year'),
      number('month') - 1,
      number('day'),
      number('hour'),
      number('minute'),
      number('second'),
    )
    return wall - whole
  }

  return {
    offsetAt,
    instantOf(wall) {
      // A clock changes at most once in two days: one of the offsets around is the right one.
      const before = offsetAt(wall - DAY)
      const after = offsetAt(wall + DAY)
      const candidates = [wall - before, wall - after].sort((one, other) => one - other)
      // In a jump forward no candidate shows the time; with the offset of before it is the jump itself or just after it.
      return candidates.find((instant) => instant + offsetAt(instant) === wall) ?? wall - before
    },
  }
}
