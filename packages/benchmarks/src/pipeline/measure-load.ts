import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { LoadProcess } from '../load/load-process.ts'
import type { Latency } from '../measure/percentiles.ts'
import { costs, type MeteredUsage, type NamedProcesses, startUsageMeter } from '../measure/usage-meter.ts'
import type { ObserverProcess } from '../observer/observer-process.ts'
import { countOnceDrained } from './drained.ts'
import type { Estate } from './estate.ts'
import {
  type Committed,
  committedBetween,
  createCommittedGauge,
  type LedgerCount,
  rowLatency,
  walFlushes,
} from './stored-readings.ts'

/** Messages on their way between publisher and row when the pipeline itself sets the rate. */
export const CLOSED_LOOP_BACKLOG = 20_000
/** Milliseconds over which the closed loop spreads what has become free: a steady stream, as from many devices. */
const SPREAD = 200
/** Unacknowledged messages of one connection; Mosquitto answers at once, so this only bounds what a stalled one holds. */
const WINDOW = 5_000
const GAUGE_INTERVAL = 100
const UNLIMITED = Number.MAX_SAFE_INTEGER

/** What takes the load, and how to look at it. */
export interface LoadTarget {
  readonly estate: Estate
  readonly load: LoadProcess
  readonly pool: pg.Pool
  /** Undefined for peers, which put nothing on NATS. */
  readonly observer: ObserverProcess | undefined
  /** Measured processes; called at the start of a run. */
  processes(): NamedProcesses
  /** Milliseconds without a new row after which what is missing is lost. */
  readonly lostAfter: number
}

export interface LoadOptions {
  /** Messages a second; null: as many as become rows, with a bounded backlog. */
  readonly rate: number | null
  /** Seconds that count, after `warmUp` seconds that do not. */
  readonly seconds: number
  readonly warmUp: number
}

export interface LoadResult extends LedgerCount, MeteredUsage {
  readonly wantedRate: number | null
  readonly seconds: number
  /** Rows committed a second. */
  readonly rate: number
  /** Messages published and not committed at the start and at the end of the counted seconds. */
  readonly backlog: readonly [atStart: number, atEnd: number]
  /** CPU microseconds by process for one committed row. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>
  readonly rowLatency: Latency
  readonly natsLatency: Latency | null
  /** Mean milliseconds of a WAL flush, which row latencies do not contain. */
  readonly walFlush: number
  /** Most messages that the load was behind its schedule. */
  readonly mostOverdue: number
}

/** Loads the target, measures while it runs, and compares every published reading with the rows. */
export async function measureLoad(target: LoadTarget, options: LoadOptions): Promise<LoadResult> {
  const { estate, load, pool, observer } = target
  const first = target.estate.map((_, pdu) => burstsOf(load, pdu, estate))
  const committed = createCommittedGauge(pool, estate)
  const since = new Date()
  const closedLoop = options.rate === null
  const base = load.progress.published
  const limit = closedLoop ? base + CLOSED_LOOP_BACKLOG : UNLIMITED
  load.publish({ rate: options.rate, limit, window: WINDOW, spread: SPREAD })
  const steering = closedLoop ? steer(load, committed) : undefined
  const backlog = async () => Math.max(0, Math.round(load.progress.published - (await committed()).messages))
  try {
    await load.during(options.warmUp * 1_000)
    await observer?.observe()
    const flushesBefore = await walFlushes(pool)
    const backlogAtStart = await backlog()
    const meter = startUsageMeter({ ...target.processes(), generator: load.pid })
    const from = new Date()
    await load.during(options.seconds * 1_000)
    const to = new Date()
    const { usage, otherCores } = meter.stop()
    const backlogAtEnd = await backlog()
    const natsLatency = (await observer?.report()) ?? null
    const flushesAfter = await walFlushes(pool)
    await steering?.stop()
    const finished = await load.finish()
    const run = { since, first, end: finished.writtenBySocket }
    const ledger = await countOnceDrained(target, committed, run)
    const rows = await committedBetween(pool, since, from, to)
    const seconds = (to.getTime() - from.getTime()) / 1_000
    return {
      ...ledger,
      wantedRate: options.rate,
      seconds,
      rate: rows / seconds,
      backlog: [backlogAtStart, backlogAtEnd],
      usage,
      cpuMicroseconds: costs(usage, rows),
      rowLatency: await rowLatency(pool, from, to),
      natsLatency,
      otherCores,
      walFlush: (flushesAfter.time - flushesBefore.time) / Math.max(1, flushesAfter.count - flushesBefore.count),
      mostOverdue: finished.mostOverdue,
    }
  } finally {
    await steering?.stop()
  }
}

/** Readings of each socket of a PDU so far: bursts are published in turn, so the total tells. */
function burstsOf(load: LoadProcess, pdu: number, estate: Estate): number {
  const sockets = estate.reduce((total, ofPdu) => total + ofPdu.length, 0)
  const before = estate.slice(0, pdu).reduce((total, ofPdu) => total + ofPdu.length, 0)
  const { published } = load.progress
  return Math.floor(published / sockets) + (published % sockets > before ? 1 : 0)
}

/** Lets the load publish as much as has become rows: the rate is then what the slowest part can do. */
function steer(load: LoadProcess, committed: () => Promise<Committed>): { stop(): Promise<void> } {
  let stopping = false
  const steering = (async () => {
    while (!stopping) {
      load.raiseLimit(Math.round((await committed()).messages) + CLOSED_LOOP_BACKLOG)
      await sleep(GAUGE_INTERVAL)
    }
  })()
  // Told by `stop`; until then nobody listens.
  steering.catch(() => {})
  return {
    async stop() {
      stopping = true
      await steering
    },
  }
}
