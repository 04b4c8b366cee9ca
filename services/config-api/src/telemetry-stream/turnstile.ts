/** Lets a few through at a time, in the order in which they came. */
export interface Turnstile {
  pass<Result>(work: () => Promise<Result>): Promise<Result>
}

export function createTurnstile(places: number): Turnstile {
  let free = places
  const queue: (() => void)[] = []

  return {
    async pass(work) {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => queue.push(resolve))
      try {
        return await work()
      } finally {
        const next = queue.shift()
        // The place goes to whoever waits without becoming free in between.
        if (next) next()
        else free += 1
      }
    },
  }
}
