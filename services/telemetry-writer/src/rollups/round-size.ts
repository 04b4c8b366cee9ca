const LARGEST = 4_096
const QUICK = 500
const SLOW = 2_000

/**
 * How many minutes a round of rolling up takes on: as many as take about a second, whether a minute is that of ten
 * sockets or of a hundred thousand. A round that fails is tried again smaller, so that one minute at worst is in the way.
 */
export interface RoundSize {
  readonly minutes: number
  /** Answers whether there may be more to do. */
  done(minutes: number, milliseconds: number): boolean
  failed(): void
}

export function createRoundSize(): RoundSize {
  let size = 64
  return {
    get minutes() {
      return size
    },
    done(minutes, milliseconds) {
      const full = minutes >= size
      if (milliseconds > SLOW) size = Math.max(1, Math.floor(size / 2))
      else if (full && milliseconds < QUICK) size = Math.min(LARGEST, size * 2)
      return full
    },
    failed() {
      size = Math.max(1, Math.floor(size / 4))
    },
  }
}
