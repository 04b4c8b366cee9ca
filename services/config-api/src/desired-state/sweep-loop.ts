import type { Logger } from 'pino'
import type { SweepResult } from './sweep.ts'

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

  async function run(): Promise<void> {
    do {
      again = false
      const started = performance.now()
      try {
        const result = await sweep()
        const changed = result && result.repaired + result.strays > 0
        if (result)
          logger[changed ? 'info' : 'debug']({ ...result, ms: Math.round(performance.now() - started) }, 'swept')
      } catch (error) {
        logger.warn(
          { reason: error instanceof Error ? error.message : String(error) },
          'sweep failed; trying again later',
        )
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
      if (!stopped) timer = setTimeout(trigger, intervalSeconds * 1_000)
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
