import { setTimeout as pause } from 'node:timers/promises'
import type { RebalanceReceipt } from '@iomt/contracts/rebalance-receipt'
import { GATEWAY_STREAM } from '@iomt/contracts/streams'
import { createLedger } from '@iomt/testing/ledger'
import { waitFor } from '@iomt/testing/wait-for'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
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
  /** Where gateways find the broker, when that is not where it is. */
  readonly brokerUrl?: () => string
  /** Milliseconds of steady flow after each fault. */
  readonly rest: number
  /** Milliseconds without a new row after which what is missing counts as lost; default 20 s. */
  readonly lostAfter?: number
}

export interface FaultFigures {
  readonly fault: string
  /** Seconds that the readings published around the fault waited for a gateway, worst reading of each socket. */
  readonly waited: { readonly p50: number; readonly p99: number; readonly max: number }
  /** How often the broker closed an old connection because its client id connected again: worst client. */
  readonly takeovers: number
}

export interface PoolResult {
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
  readonly faults: FaultFigures[]
  readonly receipts: RebalanceReceipt[]
}

/** Milliseconds before the next fault: what is published then may already wait because of it. */
const EDGE = 500

/** Steady load over a pool of gateways while faults hit it one after the other; then the ledger, and what each fault cost. */
export async function runPool(options: PoolRunOptions): Promise<PoolResult> {
  const pipeline = await startPipeline(options)
  try {
    const sockets = await configureSockets(
      pipeline.natsUrl,
      options.brokerUrl?.() ?? pipeline.broker.url,
      options.sockets,
    )
    const ledger = createLedger()
    const publisher = await startSteadyPublisher({
      brokerUrl: pipeline.broker.url,
      sockets,
      messagesPerSecond: options.messagesPerSecond,
      clients: 4,
      ledger,
    })
    await pause(2_000)
    const windows: Window[] = []
    for (const fault of options.faults) {
      const from = Date.now()
      const logged = pipeline.broker.log().length
      await fault.inject(pipeline)
      await pause(options.rest)
      windows.push({
        fault: fault.name,
        from,
        to: Date.now() - EDGE,
        takeovers: takeovers(pipeline.broker.log().slice(logged)),
      })
    }
    await publisher.stop()
    const stored = await storedOnceDrained(pipeline.postgres.url, ledger, options.lostAfter)
    const { lost, duplicated } = ledger.compare(stored)
    const faults = await Promise.all(windows.map((window) => figuresOf(pipeline.postgres.url, window)))
    const receipts = await waitFor(() => readReceipts(pipeline.natsUrl), {
      what: 'the receipts of rebalances, which a cluster of NATS gives only once it has a leader',
      timeout: 60_000,
      interval: 500,
    })
    return { acknowledged: ledger.size, lost: lost.length, duplicated: duplicated.length, faults, receipts }
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

interface Window {
  readonly fault: string
  readonly from: number
  readonly to: number
  readonly takeovers: number
}

/** Mosquitto's own word on who was replaced: two owners that fight for a session would show here. */
function takeovers(log: string): number {
  const counts = new Map<string, number>()
  for (const [, client] of log.matchAll(/Client (iomt-\S+) already connected, closing old connection/g)) {
    counts.set(client as string, (counts.get(client as string) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

async function readReceipts(natsUrl: string): Promise<RebalanceReceipt[]> {
  const connection = await connect({ servers: natsUrl.split(',') })
  try {
    const manager = await jetstreamManager(connection)
    const { state } = await manager.streams.info(GATEWAY_STREAM.name)
    const receipts: RebalanceReceipt[] = []
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
      const stored = await manager.streams.getMessage(GATEWAY_STREAM.name, { seq })
      if (stored) receipts.push(stored.json<RebalanceReceipt>())
    }
    return receipts
  } finally {
    await connection.close()
  }
}

async function figuresOf(url: string, { fault, from, to, takeovers: most }: Window): Promise<FaultFigures> {
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
    return { fault, waited: rows[0] as FaultFigures['waited'], takeovers: most }
  } finally {
    await client.end()
  }
}
