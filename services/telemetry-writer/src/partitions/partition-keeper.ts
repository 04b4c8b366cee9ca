import type { Logger } from '@iomt/service-runtime/logger'
import type pg from 'pg'
import { reasonOf } from '../store/classify-error.ts'
import { createPartition } from './create-partition.ts'
import { type Day, readingsOf } from './day.ts'
import { HOUR_ROLLUPS, MINUTE_ROLLUPS, type Partition, partitionAt, READINGS } from './partitioned-table.ts'

const HOUR = 60 * 60 * 1_000
const RETRY = 5_000

export interface PartitionKeeperOptions {
  readonly pool: pg.Pool
  readonly daysAhead: number
  readonly now: () => number
  readonly logger: Logger
}

/** Sees to it that every row finds its partition. */
export interface PartitionKeeper {
  /** Makes partitions for yesterday to `daysAhead`, and this and the next period of the rollups, now and every hour. */
  start(): void
  /** Makes what the readings of these days lack; what it has seen once is not asked for again. */
  ensure(days: ReadonlySet<Day>): Promise<void>
  /** The same for the rollups of minutes, each in milliseconds since 1970. */
  ensureRollups(minutes: Iterable<number>): Promise<void>
  /** A partition was dropped behind its back: look again. */
  forget(): void
  stop(): void
}

export function createPartitionKeeper(options: PartitionKeeperOptions): PartitionKeeper {
  const { pool, daysAhead, now, logger } = options
  const known = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function make(partition: Partition): Promise<void> {
    if (known.has(partition.name)) return
    if (await createPartition(pool, partition)) logger.info({ partition: partition.name }, 'made a partition')
    known.add(partition.name)
  }

  async function ensure(days: ReadonlySet<Day>): Promise<void> {
    for (const day of days) await make(readingsOf(day))
  }

  async function makeAhead(): Promise<number> {
    try {
      // Asked again every hour, so that a partition dropped by hand comes back before it is needed.
      known.clear()
      for (let offset = -1; offset <= daysAhead; offset += 1) await make(partitionAt(READINGS, now(), offset))
      for (const table of [MINUTE_ROLLUPS, HOUR_ROLLUPS]) {
        for (const offset of [0, 1]) await make(partitionAt(table, now(), offset))
      }
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
    async ensureRollups(minutes) {
      for (const minute of minutes) {
        await make(partitionAt(MINUTE_ROLLUPS, minute))
        await make(partitionAt(HOUR_ROLLUPS, minute))
      }
    },
    forget: () => known.clear(),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
