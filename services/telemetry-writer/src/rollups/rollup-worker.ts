import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@iomt/service-runtime/logger'
import type pg from 'pg'
import type { WriterMetrics } from '../metrics.ts'
import type { PartitionKeeper } from '../partitions/partition-keeper.ts'
import { isPartitionMissing, reasonOf } from '../store/classify-error.ts'
import { rollUp, rollupLag } from './roll-up.ts'
import { createRoundSize } from './round-size.ts'

/** A minute is rolled up 3 to 5 seconds after its last reading was stored. */
const PACE = { interval: 2_000, quietSeconds: 3 }
/** After each slice comes a pause of so many times its duration: storing goes first, and people do not wait for rollups. */
const PAUSE = 2
/** A round that has taken so many milliseconds makes no more pauses: there is more to do than fits between them. */
const PATIENCE = 30_000

export interface RollupWorkerOptions {
  readonly pool: pg.Pool
  readonly partitions: Pick<PartitionKeeper, 'ensureRollups' | 'forget'>
  readonly metrics: Pick<WriterMetrics, 'rollupLag' | 'rollupSeconds'>
  readonly now: () => number
  readonly logger: Logger
  /** Milliseconds between two looks, and how long a minute must have got nothing. */
  readonly pace?: { readonly interval: number; readonly quietSeconds: number }
}

/** Keeps the rollups up to date, beside the writing and on a connection of its own. */
export interface RollupWorker {
  start(): void
  /** Resolves when the slice at work is over; the rest stays pending for the next writer. */
  stop(): Promise<void>
}

export function createRollupWorker(options: RollupWorkerOptions): RollupWorker {
  const { pool, partitions, metrics, now, logger, pace = PACE } = options
  const size = createRoundSize()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  const stopping = new AbortController()
  let failing = false

  const scope = () => ({ endedBy: now(), quietSeconds: pace.quietSeconds })

  /** @returns milliseconds until the next round. */
  async function round(): Promise<number> {
    const startedAt = performance.now()
    let worked = 0
    const betweenSlices = async (milliseconds: number) => {
      worked += milliseconds
      if (performance.now() - startedAt < PATIENCE) {
        await sleep(PAUSE * milliseconds, undefined, { signal: stopping.signal }).catch(ignore)
      }
      return !stopping.signal.aborted
    }
    const minutes = await rollUp({ pool, partitions, betweenSlices }, { ...scope(), minutes: size.minutes })
    if (minutes === null || minutes === 0) return pace.interval
    metrics.rollupSeconds.observe(worked / 1_000)
    // As long a pause as the work took: a backlog gets at most half of one connection's time.
    return size.done(minutes, worked) ? Math.max(worked, 100) : pace.interval
  }

  async function work(): Promise<void> {
    let pause = pace.interval
    try {
      pause = await round()
      if (failing) logger.info('rolling up again')
      failing = false
    } catch (error) {
      if (isPartitionMissing(error)) partitions.forget()
      size.failed()
      if (!failing && !stopping.signal.aborted) logger.warn({ reason: reasonOf(error) }, 'cannot roll up; trying again')
      failing = true
    }
    // After failures, too: then it is what tells.
    await rollupLag(pool, scope()).then((seconds) => metrics.rollupLag.set(seconds), ignore)
    if (!stopping.signal.aborted) schedule(pause)
  }

  function schedule(pause: number): void {
    timer = setTimeout(() => {
      working = work()
    }, pause)
  }

  return {
    start() {
      schedule(pace.interval)
    },
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await working
    },
  }
}

/** Without an answer the last figure stays; that the database is away shows elsewhere. */
const ignore = () => {}
