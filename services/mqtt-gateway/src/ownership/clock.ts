/** Time that only moves forward, in milliseconds; what the wall clock shows decides nothing. */
export interface Clock {
  now(): number
  /** Runs `task` once after so many milliseconds; answers how to cancel it. */
  after(milliseconds: number, task: () => void): () => void
}

/** The monotonic clock of this process. It goes on while the process is stopped (SIGSTOP), not while the machine sleeps. */
export function monotonicClock(): Clock {
  return {
    now: () => performance.now(),
    after(milliseconds, task) {
      const timer = setTimeout(task, Math.max(0, milliseconds))
      return () => clearTimeout(timer)
    },
  }
}

export function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve))
}
