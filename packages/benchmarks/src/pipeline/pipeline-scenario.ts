import { waitFor } from '@iomt/testing/wait-for'
import pg from 'pg'
import { startLoadProcess } from '../load/load-process.ts'
import { stoppedBy, withStarted } from '../measure/start-together.ts'
import { startObserver } from '../observer/observer-process.ts'
import { measureStorage, type StorageResult } from '../storage/bytes-per-row.ts'
import { configureEstate, describeEstate, estateOf } from './estate.ts'
import { type LoadResult, type LoadTarget, measureLoad } from './measure-load.ts'
import { type PipelineOptions, type PipelineProcesses, startPipelineProcesses } from './pipeline-processes.ts'

/** Seconds that the load may be behind its schedule without a word about it. */
const LATE = 0.1
/** Longer than JetStream's `ack_wait`: until then a reading can come back. */
const LOST_AFTER = 40_000
/** Seconds of a run from which on the next one waits until the rollups of this one are made: else it would pay for them. */
const SETTLED_FROM = 30
/** Socket numbers whose subjects the observer follows: the first, a middle and the last of a PDU's burst. */
const OBSERVED_SOCKETS = [1, 13, 25]

export interface LoadedPipeline extends LoadTarget {
  readonly pipeline: PipelineProcesses
  stop(): Promise<void>
}

/** Starts the pipeline with configured sockets, the load generator and the observer; nothing is published yet. */
export async function startLoadedPipeline(options: PipelineOptions & { sockets: number }): Promise<LoadedPipeline> {
  return await withStarted(async (started) => {
    const pipeline = await stoppedBy(started, startPipelineProcesses(options))
    const load = started.adopt(startLoadProcess(), (process) => process.stop())
    const pool = started.adopt(
      new pg.Pool({ connectionString: pipeline.postgres.url, max: 2, application_name: 'benchmark' }),
      (connections) => connections.end(),
    )
    // Scenarios stop Postgres while the pool has idle connections.
    pool.on('error', () => {})
    const states = describeEstate(pipeline.broker.url, options.sockets)
    await configureEstate(pipeline.nats.url, states.flat())
    const estate = estateOf(states)
    const subjects = OBSERVED_SOCKETS.map((number) => `iomt.v1.telemetry.*.*.*.${number}.>`)
    const observer = started.adopt(await startObserver(pipeline.nats.url, subjects), (process) => process.stop())
    const topics = estate.map((pdu) => pdu.map(({ topic }) => topic))
    await load.connect(pipeline.broker.host, pipeline.broker.port, topics)
    const running = started.move()
    return {
      pipeline,
      estate,
      load,
      pool,
      observer,
      processes: () => ({ ...pipeline.processes(), observer: observer.pid }),
      lostAfter: LOST_AFTER,
      stop: () => running.disposeAsync(),
    }
  })
}

export interface PipelineScenarioOptions extends PipelineOptions {
  readonly sockets: number
  readonly seconds: number
  readonly warmUp: number
  /** Messages a second of the one run that is wanted; null: find the maximum, then shares of it. */
  readonly rate: number | null
  /** Shares of the maximum at which latencies are measured. */
  readonly shares: readonly number[]
  readonly say: (line: string) => void
}

export interface PipelineResult {
  readonly sockets: number
  readonly gateways: number
  readonly writers: number
  /** As much as the pipeline takes, with a bounded backlog; or the one run at a given rate. */
  readonly maximum: LoadResult
  readonly atShares: readonly { readonly share: number; readonly result: LoadResult }[]
  /** Of the rows of all these runs. */
  readonly storage: StorageResult
}

/** The most that the pipeline sustains, and its latencies below that. */
export async function runPipelineScenario(options: PipelineScenarioOptions): Promise<PipelineResult> {
  const { say, seconds, warmUp } = options
  say(
    `pipeline: starting servers, ${options.gateways} gateway(s), ${options.writers} writer(s), ${options.sockets} sockets`,
  )
  const loaded = await startLoadedPipeline(options)
  try {
    say(`pipeline: ${options.rate === null ? 'maximum' : `${options.rate} msg/s`}, ${seconds} s`)
    const maximum = await measureLoad(loaded, { rate: options.rate, seconds, warmUp })
    say(`pipeline: ${describe(maximum)}`)
    const atShares: { share: number; result: LoadResult }[] = []
    for (const share of options.rate === null ? options.shares : []) {
      if (seconds >= SETTLED_FROM) await rolledUp(loaded.pool)
      const rate = Math.round(maximum.rate * share)
      say(`pipeline: ${share * 100} % of it, ${rate} msg/s, ${seconds} s`)
      const result = await measureLoad(loaded, { rate, seconds, warmUp: Math.min(warmUp, 2) })
      say(`pipeline: ${describe(result)}`)
      atShares.push({ share, result })
    }
    const { sockets, gateways, writers } = options
    return { sockets, gateways, writers, maximum, atShares, storage: await measureStorage(loaded.pool) }
  } finally {
    await loaded.stop()
  }
}

async function rolledUp(pool: pg.Pool): Promise<void> {
  const pending = async () => (await pool.query('select from rollup_pending limit 1')).rowCount !== 0
  await waitFor(async () => !(await pending()), { what: 'the rollups', timeout: 300_000, interval: 500 })
}

/** One line for people who wait. */
export function describe(result: LoadResult): string {
  const ms = (value: number) => value.toFixed(1)
  const cpu = Object.entries(result.cpuMicroseconds).map(([name, value]) => `${name} ${value.toFixed(1)}`)
  const messages = result.rate * result.seconds
  const calls = Object.entries(result.usage).map(([name, { calls }]) => `${name} ${(calls / messages).toFixed(2)}`)
  const nats = result.natsLatency
  return [
    `${Math.round(result.rate)} rows/s, lost ${result.lost}, duplicated ${result.duplicated} of ${result.expected}`,
    `backlog ${result.backlog.join(' → ')}`,
    `row p50/p95/p99 ${[result.rowLatency.p50, result.rowLatency.p95, result.rowLatency.p99].map(ms).join('/')} ms`,
    ...(nats ? [`NATS ${[nats.p50, nats.p95, nats.p99].map(ms).join('/')} ms`] : []),
    `CPU µs a message: ${cpu.join(', ')}`,
    `reads and writes a message: ${calls.join(', ')}`,
    `cores that went to others ${result.otherCores.toFixed(2)}`,
    ...(result.mostOverdue > LATE * result.rate ? [`the load was up to ${result.mostOverdue} messages late`] : []),
  ].join('; ')
}
