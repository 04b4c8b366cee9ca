import { createLedger } from '@iomt/testing/ledger'
import pg from 'pg'
import { storedOnceDrained } from '../ledger/drained.ts'
import { type Pipeline, type PipelineOptions, startPipeline } from '../ledger/pipeline.ts'
import { configureSockets } from '../ledger/sockets.ts'
import { startSteadyPublisher } from './steady-publisher.ts'

export interface PoolFault {
  readonly name: string
  inject(pipeline: Pipeline): Promise<void>
}

export interface PoolRunOptions extends PipelineOptions {
  readonly sockets: number
  readonly messagesPerSecond: number
  /** One after the other; each is followed by a time of rest. */
  readonly faults: readonly PoolFault[]
  /** Milliseconds of steady flow after each fault. */
  readonly rest: number
}

export interface FaultFigures {
  readonly fault: string
  /** Seconds that the readings published around the fault waited for a gateway, worst reading of each socket. */
  readonly waited: { readonly p50: number; readonly p99: number; readonly max: number }
}

export interface PoolResult {
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
  readonly faults: FaultFigures[]
}

/** Steady load over a pool of gateways while faults hit it one after the other; then the ledger, and what each fault cost. */
export async function runPool(options: PoolRunOptions): Promise<PoolResult> {
  const pipeline = await startPipeline(options)
  try {
    const sockets = await configureSockets(pipeline.nats.url, pipeline.broker.url, options.sockets)
    const ledger = createLedger()
    const publisher = await startSteadyPublisher({
      brokerUrl: pipeline.broker.url,
      sockets,
      messagesPerSecond: options.messagesPerSecond,
      clients: 4,
      ledger,
    })
    await pause(2_000)
    const windows: { fault: string; from: number; to: number }[] = []
    for (const fault of options.faults) {
      const from = Date.now()
      await fault.inject(pipeline)
      await pause(options.rest)
      windows.push({ fault: fault.name, from, to: Date.now() })
    }
    await publisher.stop()
    const stored = await storedOnceDrained(pipeline.postgres.url, ledger)
    const { lost, duplicated } = ledger.compare(stored)
    const faults = await Promise.all(windows.map((window) => figuresOf(pipeline.postgres.url, window)))
    return { acknowledged: ledger.size, lost: lost.length, duplicated: duplicated.length, faults }
  } catch (error) {
    const outputs = [...pipeline.gateways, pipeline.writer].map(
      (service) => `${service.name}:\n${service.output().slice(-2_000)}`,
    )
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${outputs.join('\n')}`, {
      cause: error,
    })
  } finally {
    await pipeline.stop()
  }
}

async function figuresOf(
  url: string,
  { fault, from, to }: { fault: string; from: number; to: number },
): Promise<FaultFigures> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ p50: number; p99: number; max: number }>(
      `select percentile_disc(0.5) within group (order by waited) as p50,
              percentile_disc(0.99) within group (order by waited) as p99,
              max(waited) as max
         from (select socket_id,
                      max(extract(epoch from timestamp) - (data_json->>'published_at')::float8 / 1000)::float8 as waited
                 from device_data_logs
                where (data_json->>'published_at')::float8 between $1 and $2
                group by socket_id) as sockets`,
      [from, to],
    )
    return { fault, waited: rows[0] as FaultFigures['waited'] }
  } finally {
    await client.end()
  }
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
