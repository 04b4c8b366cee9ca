import type { Clock } from '../clock.ts'

/** One process in simulated time: it can be frozen, continued and killed at any instant. */
export interface SimulatedProcess {
  readonly clock: Clock
  readonly alive: boolean
  readonly frozen: boolean
  /** Simulated time of the last SIGCONT. */
  readonly resumedAt: number
  /** Something arrives from outside: now, or as soon as the process runs again. */
  deliver(delay: number, task: () => void): void
  freeze(): void
  resume(): void
  kill(): void
}

export interface SimulatedTime {
  now(): number
  /** Numbers in [0, 1) from the schedule's seed. */
  random(): number
  after(delay: number, task: () => void): void
  createProcess(): SimulatedProcess
  /** Lets everything happen up to this time; `check` is called after each event, when all its consequences have happened. */
  runUntil(time: number, check: () => void): Promise<void>
}

interface Event {
  readonly at: number
  readonly order: number
  readonly task: () => void
}

export function createSimulatedTime(seed: number): SimulatedTime {
  let now = 0
  let order = 0
  const random = mulberry32(seed)
  const queue: Event[] = []

  function after(delay: number, task: () => void): void {
    order += 1
    const event = { at: now + Math.max(0, delay), order, task }
    let low = 0
    let high = queue.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((queue[middle] as Event).at > event.at) low = middle + 1
      else high = middle
    }
    // Latest first, and of equal times the first one last: the next event is popped.
    queue.splice(low, 0, event)
  }

  function createProcess(): SimulatedProcess {
    let alive = true
    let frozen = false
    let resumedAt = Number.NEGATIVE_INFINITY
    let waiting: Array<() => void> = []
    const deliver = (delay: number, task: () => void) =>
      after(delay, () => {
        if (!alive) return
        if (frozen) waiting.push(task)
        else task()
      })
    return {
      clock: {
        now: () => now,
        after(milliseconds, task) {
          let cancelled = false
          deliver(milliseconds, () => {
            if (!cancelled) task()
          })
          return () => {
            cancelled = true
          }
        },
      },
      get alive() {
        return alive
      },
      get frozen() {
        return frozen
      },
      get resumedAt() {
        return resumedAt
      },
      deliver,
      freeze() {
        frozen = true
      },
      resume() {
        if (!frozen) return
        frozen = false
        resumedAt = now
        const tasks = waiting
        waiting = []
        // Timers and messages that became due meanwhile come in any order.
        for (const task of tasks) deliver(random() * 2, task)
      },
      kill() {
        alive = false
        waiting = []
      },
    }
  }

  return {
    now: () => now,
    random,
    after,
    createProcess,
    async runUntil(time, check) {
      for (;;) {
        const next = queue.at(-1)
        if (!next || next.at > time) break
        queue.pop()
        now = next.at
        next.task()
        // All promises that this event settles, however long their chains.
        await new Promise((resolve) => setImmediate(resolve))
        check()
      }
      now = time
      check()
    },
  }
}

/** A small generator with a seed, so that a failing schedule can be run again. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}
