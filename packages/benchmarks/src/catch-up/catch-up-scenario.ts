import { waitFor } from '@iomt/testing/wait-for'
import { startUsageMeter } from '../measure/usage-meter.ts'
import { countOnceDrained } from '../pipeline/drained.ts'
import { startLoadedPipeline } from '../pipeline/pipeline-scenario.ts'
import { createCommittedGauge, type LedgerCount } from '../pipeline/stored-readings.ts'

const WINDOW = 5_000
const BEFORE_SECONDS = 5
/** Caught up: what is on its way is no more than a live pipeline holds. */
const CAUGHT_UP_SECONDS = 0.5

export interface CatchUpResult extends LedgerCount {
  readonly liveRate: number
  readonly outageSeconds: number
  /** Messages without a row when Postgres answered again. */
  readonly backlog: number
  readonly catchUpSeconds: number
  /** Rows a second while it caught up, the load going on. */
  readonly rate: number
  /** Of the live rate. */
  readonly ratio: number
  /** Highest resident bytes before, during and after the outage. */
  readonly memory: Readonly<Record<'before' | 'outage' | 'catchUp', Readonly<Record<string, number>>>>
}

/** Postgres is killed under load and comes back: how fast what JetStream kept becomes rows. */
export async function runCatchUpScenario(options: {
  sockets: number
  rate: number
  outageSeconds: number
  say: (line: string) => void
}): Promise<CatchUpResult> {
  const { rate, outageSeconds, say } = options
  const loaded = await startLoadedPipeline({ sockets: options.sockets, gateways: 1, writers: 1 })
  const { load, pool, estate, pipeline } = loaded
  const memoryDuring = async <Value>(work: () => Promise<Value>) => {
    const meter = startUsageMeter(pipeline.processes())
    const value = await work()
    const usage = Object.entries(meter.stop().usage)
    return { value, memory: Object.fromEntries(usage.map(([name, { memory }]) => [name, memory])) }
  }
  try {
    const committed = createCommittedGauge(pool, estate)
    const since = new Date()
    load.publish({ rate, limit: Number.MAX_SAFE_INTEGER, window: WINDOW })
    const before = await memoryDuring(() => load.during(BEFORE_SECONDS * 1_000))
    say(`catch-up: Postgres is killed for ${outageSeconds} s at ${rate} msg/s`)
    const { postgres } = pipeline
    await postgres.kill9()
    const outage = await memoryDuring(() => load.during(outageSeconds * 1_000))
    await postgres.restart()
    const backAt = performance.now()
    const atReturn = (await committed()).messages
    const backlog = load.progress.published - atReturn
    say(`catch-up: Postgres is back, ${Math.round(backlog)} messages wait`)
    const catching = await memoryDuring(() =>
      waitFor(
        async () => {
          const { messages } = await committed()
          return load.progress.published - messages <= rate * CAUGHT_UP_SECONDS && messages
        },
        { what: 'the backlog to be gone', timeout: Math.max(120_000, outageSeconds * 5_000), interval: 100 },
      ),
    )
    const catchUpSeconds = (performance.now() - backAt) / 1_000
    const caughtUpRate = (catching.value - atReturn) / catchUpSeconds
    say(`catch-up: gone in ${catchUpSeconds.toFixed(1)} s, ${Math.round(caughtUpRate)} rows/s`)
    const { writtenBySocket } = await load.finish()
    const run = { since, first: estate.map(() => 0), end: writtenBySocket }
    const ledger = await countOnceDrained(loaded, committed, run)
    return {
      ...ledger,
      liveRate: rate,
      outageSeconds,
      backlog,
      catchUpSeconds,
      rate: caughtUpRate,
      ratio: caughtUpRate / rate,
      memory: { before: before.memory, outage: outage.memory, catchUp: catching.memory },
    }
  } finally {
    await loaded.stop()
  }
}
