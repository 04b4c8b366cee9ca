import { reasonOf } from '../store/classify-error.ts'
import { type ApplyRetentionOptions, applyRetention } from './apply-retention.ts'

const HOUR = 60 * 60 * 1_000
/** After the start the database has other things to do. */
const FIRST = 60 * 1_000
const RETRY = 60 * 1_000

export interface RetentionKeeper {
  start(): void
  /** Cuts the run at work short. */
  stop(): Promise<void>
}

export interface RetentionKeeperOptions extends ApplyRetentionOptions {
  readonly now: () => number
  /** Milliseconds from the start to the first run. */
  readonly firstAfter?: number
}

/** Applies retention every hour. */
export function createRetentionKeeper(options: RetentionKeeperOptions): RetentionKeeper {
  const { firstAfter = FIRST } = options
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  const stopping = new AbortController()

  async function work(): Promise<void> {
    let pause = HOUR
    try {
      await applyRetention(options, options.now(), stopping.signal)
    } catch (error) {
      // Readers that hold a partition for long are normal: the next run goes on where this one was.
      if (!stopping.signal.aborted)
        options.logger.warn({ reason: reasonOf(error) }, 'retention was cut short; trying again')
      pause = RETRY
    }
    if (!stopping.signal.aborted) schedule(pause)
  }

  function schedule(pause: number): void {
    timer = setTimeout(() => {
      working = work()
    }, pause)
  }

  return {
    start() {
      schedule(firstAfter)
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      clearTimeout(timer)
      await working
    },
  }
}
