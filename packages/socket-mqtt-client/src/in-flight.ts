/** Counts deliveries that are received and not yet stored. */
export interface InFlight {
  enter(): void
  leave(): void
  readonly count: number
  /** Resolves when there are none, or after so many milliseconds. */
  untilNone(milliseconds: number): Promise<void>
}

export function createInFlight(): InFlight {
  let count = 0
  let onNone: (() => void) | null = null
  return {
    enter() {
      count += 1
    },
    leave() {
      count -= 1
      if (count === 0) onNone?.()
    },
    get count() {
      return count
    },
    async untilNone(milliseconds) {
      if (count === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, milliseconds)
      onNone = resolve
      await promise
      clearTimeout(timer)
    },
  }
}
