import type { Logger } from '@iomt/service-runtime/logger'
import type pg from 'pg'
import { reasonOf } from '../store/classify-error.ts'
import { createPartition } from './create-partition.ts'
import { type Day, dayOf, partitionName } from './day.ts'

const HOUR = 60 * 60 * 1_000
const RETRY = 5_000

export interface PartitionKeeperOptions {
  readonly pool: pg.Pool
  readonly daysAhead: number
  readonly now: () => number
  readonly logger: Logger
}

/** Sees to it that every reading finds the partition of its day. */
export interface PartitionKeeper {
  /** Makes partitions for yesterday to `daysAhead`, now and every hour. */
  start(): void
  /** Makes what these days lack; what it has seen once is not asked for again. */
  ensure(days: ReadonlySet<Day>): Promise<void>
  /** A partition was dropped behind its back: look again. */
  forget(): void
  stop(): void
}

export function createPartitionKeeper(options: PartitionKeeperOptions): PartitionKeeper {
  const { pool, daysAhead, now, logger } = options
  const known = new Set<Day>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function ensure(days: ReadonlySet<Day>): Promise<void> {
    for (const day of days) {
      if (known.has(day)) continue
      if (await createPartition(pool, day)) logger.info({ partition: partitionName(day) }, 'made a partition')
      known.add(day)
    }
  }

  async function makeAhead(): Promise<number> {
    try {
      const today = dayOf(now())
      // Asked again every hour, so that a partition dropped by hand comes back before it is needed.
      known.clear()
      await ensure(new Set(Array.from({ length: daysAhead + 2 }, (_, index) => today - 1 + index)))
    } catch (error) {
      if (!stopped) logger.warn({ reason: reasonOf(error) }, 'cannot make partitions ahead; trying again')
      return RETRY
    }
    return HOUR
  }

  function schedule(delay: number): void {
    timer = setTimeout(() => {
      makeAhead()
        .then((next) => stopped || schedule(next))
        .catch(() => undefined)
    }, delay)
  }

  return {
    start() {
      schedule(0)
    },
    ensure,
    forget: () => known.clear(),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
