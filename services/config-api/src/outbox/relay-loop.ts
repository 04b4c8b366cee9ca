import type { Logger } from 'pino'

const POLL_INTERVAL = 1_000
const FIRST_BACKOFF = 100
const MAX_BACKOFF = 5_000

export interface RelayLoop {
  start(): void
  /** Something was committed: look now instead of at the next poll. */
  wake(): void
  /** Waits for the batch in hand. */
  stop(): Promise<void>
}

export interface RelayLoopOptions {
  /** Relays one batch and answers how many rows; null: there is nothing to relay to. */
  readonly relay: () => Promise<number | null>
  readonly logger: Logger
}

/** Runs batches while there are any, then waits for a wake-up or a second; after a failure twice as long each time. */
export function createRelayLoop({ relay, logger }: RelayLoopOptions): RelayLoop {
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  let woken = false
  let wakeUp = () => {}

  async function run(): Promise<void> {
    let failures = 0
    while (!stopped) {
      woken = false
      let relayed: number | null = 0
      try {
        relayed = await relay()
        failures = 0
      } catch (error) {
        failures += 1
        const reason = error instanceof Error ? error.message : String(error)
        if (failures === 1 || failures % 20 === 0)
          logger.warn({ reason, failures }, 'changes are not relayed; trying again')
      }
      if (failures > 0) await pause(Math.min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** (failures - 1)), false)
      else if (!relayed) await pause(POLL_INTERVAL, true)
    }
  }

  /** A wake-up ends it only when the last batch went well: otherwise each change would be one more failing attempt. */
  async function pause(milliseconds: number, wakeable: boolean): Promise<void> {
    if (stopped || (woken && wakeable)) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      wakeUp = () => {
        if (!wakeable && !stopped) return
        clearTimeout(timer)
        resolve()
      }
    })
    wakeUp = () => {}
  }

  return {
    start() {
      running = run()
    },
    wake() {
      woken = true
      wakeUp()
    },
    async stop() {
      stopped = true
      wakeUp()
      await running
    },
  }
}
