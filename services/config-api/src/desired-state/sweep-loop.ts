import type { Logger } from 'pino'
import type { SweepResult } from './sweep.ts'

/** Milliseconds until a sweep that failed is tried again. */
const AFTER_FAILURE = 1_000

export interface SweepLoop {
  /** Begins, or sweeps again at once: NATS has just come (back), perhaps without its data. */
  trigger(): void
  stop(): Promise<void>
}

export interface SweepLoopOptions {
  /** Null: NATS is away. */
  readonly sweep: () => Promise<SweepResult | null>
  readonly intervalSeconds: number
  readonly logger: Logger
}

/** Sweeps now and then, one at a time. */
export function createSweepLoop({ sweep, intervalSeconds, logger }: SweepLoopOptions): SweepLoop {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  /** Why the last sweep did not go through. */
  let problem: string | null = null

  async function run(): Promise<void> {
    do {
      again = false
      const started = performance.now()
      try {
        const result = await sweep()
        problem = null
        const changed = result && result.repaired + result.strays > 0
        if (result)
          logger[changed ? 'info' : 'debug']({ ...result, ms: Math.round(performance.now() - started) }, 'swept')
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (reason !== problem && !stopped) logger.warn({ reason }, 'sweep failed; trying again')
        problem = reason
      }
    } while (again && !stopped)
  }

  function trigger(): void {
    if (stopped) return
    if (running) {
      again = true
      return
    }
    clearTimeout(timer)
    running = run().finally(() => {
      running = null
      // Gateways wait for the first one, so a cluster that has just elected a leader is asked again soon.
      if (!stopped) timer = setTimeout(trigger, problem === null ? intervalSeconds * 1_000 : AFTER_FAILURE)
    })
  }

  return {
    trigger,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
