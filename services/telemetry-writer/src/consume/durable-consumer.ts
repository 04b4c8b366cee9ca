import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { provenMissing } from '@iomt/bus/proven-missing'
import type { StreamDefinition } from '@iomt/contracts/streams'
import type { Logger } from '@iomt/service-runtime/logger'
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream'
import { createPullSubscription, type PullOptions, type PullSubscription } from './pull-subscription.ts'

const NANOSECONDS = 1_000_000

/** The server gives a message to another writer when it hears nothing of it for this long; readings of a killed writer wait so long. */
const ACK_WAIT = 10_000
/** Messages under way at all writers together. Above it JetStream pauses, so that no outage of Postgres fills memories. */
const MAX_ACK_PENDING = 60_000

export interface DurableConsumerOptions {
  readonly bus: Bus
  readonly stream: StreamDefinition
  readonly durable: string
  readonly pull: Pick<PullOptions, 'credit' | 'gather' | 'deliver' | 'onPause'>
  readonly logger: Logger
}

/** A durable consumer that is pulled from for as long as the service runs. */
export interface DurableConsumer {
  /** Why nothing can arrive right now, or null. */
  problem(): string | null
  /** Room was made for more. */
  resume(): void
  stop(): Promise<void>
}

/**
 * Makes the stream and the consumer when they are missing, pulls, and starts over whenever either is deleted under it:
 * loudly, because what a deleted stream held is gone, and a new consumer delivers the whole stream again (the table's key
 * collapses that).
 */
export function runDurableConsumer(options: DurableConsumerOptions): DurableConsumer {
  const { bus, stream, durable, logger } = options
  const stopping = new AbortController()
  let problem: string | null = 'not started'
  let pull: PullSubscription | undefined

  async function run(): Promise<void> {
    for (let round = 0; !stopping.signal.aborted; round += 1) {
      try {
        const made = await ensureConsumer(bus, stream, durable)
        if (made && round > 0) {
          logger.error({ stream: stream.name, consumer: durable, made }, 'was deleted while in use; made it again')
        } else if (made) {
          logger.info({ stream: stream.name, consumer: durable, made }, 'made what was missing')
        }
        if (stopping.signal.aborted) return
        pull = createPullSubscription({ bus, stream: stream.name, durable, ...options.pull })
        problem = null
        const reason = await pull.ended
        problem = reason === 'consumer-missing' ? `consumer ${durable} of ${stream.name} was deleted` : 'stopped'
      } catch (error) {
        if (stopping.signal.aborted) return
        const reason = error instanceof Error ? error.message : String(error)
        if (reason !== problem)
          logger.warn({ stream: stream.name, consumer: durable, reason }, 'cannot consume; trying again')
        problem = reason
      }
      await sleep(500, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = run()

  return {
    problem: () => problem,
    resume: () => pull?.resume(),
    async stop() {
      stopping.abort()
      pull?.stop()
      await running
    },
  }
}

/** What had to be made: `stream`, `consumer`, or null. */
async function ensureConsumer(bus: Bus, stream: StreamDefinition, durable: string): Promise<string | null> {
  const { consumers } = bus.manager
  const missing = await provenMissing(bus, () => consumers.info(stream.name, durable))
  if (!missing) return null
  if (missing === 'stream') await ensureStreams(bus, [stream])
  // With a durable name and an equal configuration `add` finds what another writer has just made.
  await consumers.add(stream.name, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: ACK_WAIT * NANOSECONDS,
    max_ack_pending: MAX_ACK_PENDING,
    max_deliver: -1,
  })
  return missing
}
