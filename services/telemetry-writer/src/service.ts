import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { natsOptions } from '@iomt/bus/environment'
import { createPipelinedPublisher } from '@iomt/bus/pipelined-publisher'
import { SocketStatusEvent } from '@iomt/contracts/socket-status'
import { DEAD_LETTER_STREAM, STATUS_STREAM, STREAMS, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { connectDatabase } from '@iomt/database/connect'
import { pendingMigrations } from '@iomt/database/migrate'
import { createFailpoint, type Failpoint } from '@iomt/service-runtime/failpoint'
import { type HealthServer, startHealthServer } from '@iomt/service-runtime/health-server'
import type { Logger } from '@iomt/service-runtime/logger'
import type { Service } from '@iomt/service-runtime/run-service'
import { retentionDays, type WriterConfig } from './config.ts'
import { watchConnection } from './consume/connection-watch.ts'
import { createDecoder } from './consume/decode.ts'
import { createDeliveryAnswers } from './consume/delivery.ts'
import { type DurableConsumer, runDurableConsumer } from './consume/durable-consumer.ts'
import { watchLag } from './consume/lag.ts'
import { createPipeline, type Pipeline } from './consume/pipeline.ts'
import { keepRoomInStreams } from './consume/stream-room.ts'
import { createTelemetryDecoder } from './consume/telemetry-decoder.ts'
import { createDeadLetters, type Rejection } from './dead-letter.ts'
import { createWriterMetrics } from './metrics.ts'
import { createPartitionKeeper } from './partitions/partition-keeper.ts'
import { createRetentionKeeper } from './retention/retention-keeper.ts'
import { createRollupWorker } from './rollups/rollup-worker.ts'
import { storeStatusEvents } from './status-events/store-status-events.ts'
import { createBatchStore } from './store/store-batch.ts'

/** Durable consumer of the status events, shared by all writers. */
const STATUS_CONSUMER = 'status-recorder'
/** Milliseconds that status events wait for others, in the stream and again here. */
const STATUS_LINGER = 50
/** Milliseconds; longer than any statement's own limit at the server, so that it ends only what the server does not answer. */
const QUERY_TIMEOUT = 70_000
/** Milliseconds to store what is held when the writer stops; the rest goes back to JetStream. */
const STOP_PATIENCE = 10_000

/** What a test may put in place of the real thing. */
export interface WriterOverrides {
  readonly now?: () => number
  readonly random?: () => number
  readonly afterCommit?: Failpoint
}

export interface TelemetryWriter extends Service {
  /** Where /livez, /readyz and /metrics answer, once started. */
  healthPort(): number
}

/** Puts the writer together: JetStream -> batches -> Postgres -> acknowledgements. */
export function createTelemetryWriter(
  config: WriterConfig,
  logger: Logger,
  overrides: WriterOverrides = {},
): TelemetryWriter {
  const { now = Date.now, random = Math.random } = overrides
  const afterCommit = overrides.afterCommit ?? createFailpoint('after-commit', config)
  const metrics = createWriterMetrics()
  const { database, pool } = connectDatabase({
    url: config.DATABASE_URL,
    // One for each pipeline, one for partitions, one for the readiness check; rolling up and retention have theirs, so
    // that neither they nor what they wait for holds up the storing.
    maxConnections: 7,
    queryTimeout: QUERY_TIMEOUT,
    applicationName: 'iomt-telemetry-writer',
    onConnectionError: (error) => logger.warn({ reason: error.message }, 'a database connection broke'),
  })
  const partitions = createPartitionKeeper({ pool, daysAhead: config.PARTITIONS_AHEAD_DAYS, now, logger })
  const rollups = createRollupWorker({ pool, partitions, metrics, now, logger })
  const retention = createRetentionKeeper({ pool, days: retentionDays(config), metrics, now, logger })
  const storeReadings = createBatchStore({ pool, partitions, metrics, afterCommit })
  const stopping = new AbortController()
  let health: HealthServer | undefined
  let working: Promise<Working> | undefined
  let readings: Pipeline | undefined
  let telemetry: DurableConsumer | undefined
  let connection: Bus['connection'] | undefined

  async function work(): Promise<Working> {
    const bus = await connectBus({
      ...natsOptions(config),
      name: 'telemetry-writer',
      logger,
      signal: stopping.signal,
    })
    connection = bus.connection
    let connected = true
    const watch = watchConnection(bus.connection, {
      onDisconnect: () => (connected = false),
      onReconnect: () => (connected = true),
    })
    await ensureStreams(bus, STREAMS)
    const publisher = createPipelinedPublisher({ connection: bus.connection, logger })
    const maxPayload = () => bus.connection.info?.max_payload ?? 1_048_576
    const publishDeadLetter = createDeadLetters(publisher, maxPayload, now)
    const reject = async (rejection: Rejection) => {
      await publishDeadLetter(rejection)
      metrics.deadLetters.inc({ reason: rejection.reason })
    }
    // Half of the time in the stream, where waiting costs nothing, and half at most here, for those that come one by one.
    const linger = config.BATCH_LINGER_MS / 2
    const answers = createDeliveryAnswers(bus.connection)
    const shared = { maxPayload, answers, reject, connected: () => connected, logger, random }

    const pipeline = createPipeline({
      ...shared,
      limits: { items: config.BATCH_SIZE, bytes: config.BATCH_BYTES, linger },
      decode: createTelemetryDecoder(),
      store: storeReadings,
      onRoom: () => telemetry?.resume(),
      onBatch(messages, seconds) {
        metrics.batchMessages.observe(messages)
        metrics.batchSeconds.observe(seconds)
      },
    })
    readings = pipeline
    const events = createPipeline<SocketStatusEvent>({
      ...shared,
      limits: { items: 500, bytes: 1_048_576, linger: STATUS_LINGER },
      decode: createDecoder(SocketStatusEvent),
      store: (events) => storeStatusEvents(pool, events),
      onRoom: () => recorder.resume(),
    })
    telemetry = runDurableConsumer({
      bus,
      stream: TELEMETRY_STREAM,
      durable: config.CONSUMER_NAME,
      pull: {
        credit: pipeline.credit,
        gather: linger,
        deliver(delivery) {
          metrics.messages.inc()
          pipeline.deliver(delivery)
        },
        onPause: pipeline.noMoreForNow,
      },
      logger,
    })
    const recorder = runDurableConsumer({
      bus,
      stream: STATUS_STREAM,
      durable: STATUS_CONSUMER,
      pull: {
        credit: events.credit,
        gather: STATUS_LINGER,
        deliver(delivery) {
          metrics.statusEvents.inc()
          events.deliver(delivery)
        },
        onPause: events.noMoreForNow,
      },
      logger,
    })
    const room = keepRoomInStreams({
      bus,
      kept: [
        { stream: TELEMETRY_STREAM, consumer: config.CONSUMER_NAME },
        { stream: STATUS_STREAM, consumer: STATUS_CONSUMER },
        { stream: DEAD_LETTER_STREAM, consumer: null },
      ],
      metrics,
      logger,
    })
    const lag = watchLag(bus, TELEMETRY_STREAM.name, config.CONSUMER_NAME, metrics, () => pipeline.held)
    logger.info(
      { consumer: config.CONSUMER_NAME, nats: bus.connection.info?.version, deadLetters: DEAD_LETTER_STREAM.name },
      'consuming',
    )

    return {
      async stop() {
        lag.stop()
        room.stop()
        await Promise.all([telemetry?.stop(), recorder.stop()])
        await Promise.all([pipeline, events].map(({ stop }: Pipeline) => stop(STOP_PATIENCE)))
        publisher.close()
        watch.stop()
        await bus.close()
      },
    }
  }

  return {
    async start() {
      health = await startHealthServer({
        host: config.HOST,
        port: config.PORT,
        metrics: metrics.registry,
        checks: {
          database: async () => ((await pool.query('select 1')).rowCount === 1 ? null : 'no answer'),
          nats: async () => {
            await connection?.flush()
            return connection ? null : 'not connected'
          },
          schema: async () => {
            const missing = await pendingMigrations(database)
            return missing.length > 0 ? `migrations have not run: ${missing.join(', ')}` : null
          },
          storing: () => readings?.obstacle ?? null,
          consumer: () => (telemetry ? telemetry.problem() : 'not connected to NATS'),
        },
      })
      partitions.start()
      rollups.start()
      retention.start()
      working = work()
      working.catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error
      })
      logger.info({ host: config.HOST, port: health.port }, 'telemetry-writer started')
    },
    async stop() {
      stopping.abort(new Error('stopping'))
      partitions.stop()
      const running = await working?.catch(() => undefined)
      await running?.stop()
      await Promise.all([rollups.stop(), retention.stop()])
      await health?.close()
      await database.destroy()
    },
    healthPort: () => health?.port ?? 0,
  }
}

interface Working {
  stop(): Promise<void>
}
