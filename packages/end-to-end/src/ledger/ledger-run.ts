import { createLedger, type LedgerComparison } from '@iomt/testing/ledger'
import { storedOnceDrained } from './drained.ts'
import { type Pipeline, type PipelineOptions, startPipeline } from './pipeline.ts'
import { publishNumbered } from './publisher.ts'
import { configureSockets } from './sockets.ts'

export interface LedgerFault {
  readonly after: number
  /** Publish nothing until what was acknowledged is stored, and go on after the fault. */
  readonly whileQuiet?: boolean
  inject(pipeline: Pipeline): Promise<void>
}

export interface LedgerRunOptions extends PipelineOptions {
  readonly messages: number
  readonly sockets: number
  /** Done once each when that many messages have been acknowledged to the publishers, which go on meanwhile. */
  readonly faults: readonly LedgerFault[]
}

export interface LedgerResult extends LedgerComparison {
  readonly acknowledged: number
  readonly stored: number
}

/**
 * The proof of the product's promise: numbered messages over real servers, faults in the middle of them, and at the end
 * what the publishers had acknowledged against the rows in Postgres.
 */
export async function runLedger(options: LedgerRunOptions): Promise<LedgerResult> {
  const pipeline = await startPipeline(options)
  try {
    const sockets = await configureSockets(pipeline.natsUrl, pipeline.broker.url, options.sockets)
    const ledger = createLedger()
    const remaining = [...options.faults].sort((one, other) => one.after - other.after)
    // One after the other: the second of two may come due while the first is still starting something again.
    let injected = Promise.resolve()
    let paused = false
    const strike = async (fault: LedgerFault) => {
      paused = fault.whileQuiet === true
      // By the rows: the gateway counts redeliveries of an earlier kill among what it has received.
      if (paused) await storedOnceDrained(pipeline.postgres.url, ledger)
      await fault.inject(pipeline)
      paused = false
    }
    await publishNumbered({
      brokerUrl: pipeline.broker.url,
      sockets,
      messages: options.messages,
      clients: 5,
      paused: () => paused,
      ledger,
      onProgress(published) {
        while (remaining[0] && published >= remaining[0].after) {
          const fault = remaining.shift() as LedgerFault
          injected = injected.then(() => strike(fault))
        }
      },
    })
    await injected
    const stored = await storedOnceDrained(pipeline.postgres.url, ledger)
    return { acknowledged: ledger.size, stored: stored.length, ...ledger.compare(stored) }
  } catch (error) {
    const outputs = [pipeline.gateway, pipeline.writer].map(
      (service) => `${service.name}:\n${service.output().slice(-2_000)}`,
    )
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${outputs.join('\n')}`, {
      cause: error,
    })
  } finally {
    await pipeline.stop()
  }
}
