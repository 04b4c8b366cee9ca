import type { AddressInfo } from 'node:net'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { natsOptions } from '@iomt/bus/environment'
import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET } from '@iomt/contracts/buckets'
import { CONFIG_STREAM } from '@iomt/contracts/streams'
import { readKeyFile } from '@iomt/credential-vault/key-file'
import { createVault } from '@iomt/credential-vault/vault'
import { connectDatabase } from '@iomt/database/connect'
import type { Service } from '@iomt/service-runtime/run-service'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'
import type { Logger } from 'pino'
import { ensureAdminKey } from './access/ensure-admin-key.ts'
import type { Config } from './config.ts'
import { incarnationOf, markComplete } from './desired-state/mark-complete.ts'
import { sweepDesiredStates } from './desired-state/sweep.ts'
import { createSweepLoop } from './desired-state/sweep-loop.ts'
import { createPoolWatch } from './gateway-pool/pool-watch.ts'
import { type App, createApp } from './http/app.ts'
import { createNatsGatewayClient } from './live-status/gateway-client.nats.ts'
import { createConfigApiMetrics } from './metrics.ts'
import { createNatsLink } from './nats/nats-link.ts'
import { createChangeListener } from './outbox/change-listener.ts'
import { type RelayStep, type RelayTarget, relayBatch } from './outbox/relay.ts'
import { createRelayLoop } from './outbox/relay-loop.ts'
import { createReplays } from './payloads/replay/replays.ts'
import { addRoutes } from './routes.ts'
import { createStreamHub } from './telemetry-stream/stream-hub.ts'
import { createStreamSeats } from './telemetry-stream/stream-seats.ts'
import { validKeys } from './telemetry-stream/valid-keys.ts'
import { databaseProblem, waitForSchema } from './wait-for-schema.ts'

/** Milliseconds; orchestrators kill after 30 s, and the relay wants some of them. */
const CLOSE_TIMEOUT = 10_000

/** Milliseconds; a request on a database that froze, or is too slow, ends with 503 after this. */
const QUERY_TIMEOUT = 5_000

export interface ConfigApi extends Service {
  /** `http://127.0.0.1:8080`; known once started. */
  url(): string
}

/** For tests. */
export interface ConfigApiOverrides {
  readonly serializerCompiler?: FastifySerializerCompiler<unknown>
  readonly onRelayStep?: RelayStep
  /** What history takes for the present. */
  readonly now?: () => Date
  /** Milliseconds between the comments on a telemetry stream. */
  readonly streamHeartbeat?: number
  /** Milliseconds that the feed of telemetry streams goes on without clients. */
  readonly streamLinger?: number
}

/** Wires the service. `start` resolves when requests are served: with Postgres and its schema, with or without NATS. */
export function createConfigApi(config: Config, logger: Logger, overrides: ConfigApiOverrides = {}): ConfigApi {
  const stopping = new AbortController()
  const { database, pool: connections } = connectDatabase({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_CONNECTIONS,
    applicationName: 'config-api',
    queryTimeout: QUERY_TIMEOUT,
    onConnectionError: (error) => logger.warn({ reason: error.message }, 'a database connection broke'),
  })
  const vault = createVault(readKeyFile(config.CREDENTIAL_KEY_FILE))
  const nats = createNatsLink({ ...natsOptions(config), logger, signal: stopping.signal })
  const gateways = createNatsGatewayClient(nats.bus)
  const pool = createPoolWatch(logger)
  let poolFollowed = false
  const metrics = createConfigApiMetrics(async () => {
    const count = database.selectFrom('outbox').select(({ fn }) => fn.countAll<string>().as('count'))
    return await count.executeTakeFirstOrThrow().then(
      (row) => Number(row.count),
      () => null,
    )
  })

  const stream = createStreamHub({
    bus: nats.bus,
    logger,
    seats: createStreamSeats({ total: config.STREAM_CLIENTS, perKey: config.STREAM_CLIENTS_PER_KEY }),
    maxClientBytes: config.STREAM_CLIENT_KIB * 1024,
    maxTotalBytes: config.STREAM_TOTAL_MIB * 1024 ** 2,
    metrics: metrics.stream,
    heartbeatInterval: overrides.streamHeartbeat,
    linger: overrides.streamLinger,
    validKeys: (ids) => validKeys(database, ids),
  })

  /** What to relay to, made when it is not there; null while NATS is away. */
  async function relayTarget(): Promise<RelayTarget | null> {
    const bus = nats.bus()
    if (!bus) return null
    await ensureStreams(bus, [CONFIG_STREAM])
    return { bus, bucket: await openBucket(bus, SOCKET_CONFIG_BUCKET) }
  }

  let target: RelayTarget | null = null
  const relay = createRelayLoop({
    logger,
    async relay() {
      if (!nats.bus()) return null
      try {
        target ??= await relayTarget()
        if (!target) return null
        const end = metrics.relaySeconds.startTimer()
        const relayed = await relayBatch(database, target, overrides.onRelayStep)
        if (relayed > 0) end()
        metrics.relayed.inc(relayed)
        return relayed
      } catch (error) {
        // The stream or the bucket may be gone: the next attempt looks, and makes them.
        target = null
        throw error
      }
    },
  })
  const sweeps = createSweepLoop({
    logger,
    intervalSeconds: config.SWEEP_INTERVAL_SECONDS,
    async sweep() {
      const current = await relayTarget()
      if (!current) return null
      const created = await incarnationOf(current.bucket)
      const result = await sweepDesiredStates(database, current.bucket)
      await markComplete(current.bus, created)
      metrics.repaired.inc({ kind: 'wrong-or-missing' }, result.repaired)
      metrics.repaired.inc({ kind: 'stray' }, result.strays)
      return result
    },
  })
  const replays = createReplays({ database, bus: nats.bus, logger })
  const listener = createChangeListener(config.DATABASE_URL, logger, relay.wake)
  const app = createApp({
    logger,
    database,
    requestsPerSecond: config.RATE_LIMIT_PER_SECOND,
    publicUrl: config.PUBLIC_URL,
    metrics,
    ...(overrides.serializerCompiler ? { serializerCompiler: overrides.serializerCompiler } : {}),
  })

  let address: AddressInfo | undefined

  return {
    async start() {
      if (!(await waitForSchema(database, logger, stopping.signal))) return
      await ensureAdminKey(database, config.ADMIN_KEY_FILE, logger)
      const server = await app
      addRoutes(server, {
        database,
        pool: connections,
        vault,
        gateways,
        stream,
        bus: nats.bus,
        replays,
        readPool: () => pool.read(nats.bus()),
        onChange: relay.wake,
        now: overrides.now ?? (() => new Date()),
        checks: { database: () => databaseProblem(database) },
        metrics: metrics.registry,
      })
      await server.listen({ host: config.HOST, port: config.PORT })
      address = server.server.address() as AddressInfo
      relay.start()
      listener.start()
      nats.start(() => {
        relay.wake()
        sweeps.trigger()
        stream.natsUp()
        const bus = nats.bus()
        // The watches survive reconnects by themselves.
        if (bus && !poolFollowed) {
          poolFollowed = true
          pool.start(bus)
        }
      })
    },
    url() {
      if (!address) throw new Error('config-api has no URL before start')
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
      return `http://${host}:${address.port}`
    },
    async stop() {
      stopping.abort()
      // Streams would keep the server open for as long as their clients like.
      await stream.stop()
      // Requests first: they may still write to the outbox, and the relay takes what it can on the way out.
      await closeServer(await app)
      await Promise.all([listener.stop(), relay.stop(), sweeps.stop(), replays.stop()])
      pool.stop()
      await nats.stop()
      await database.destroy()
    },
  }
}

/** Waits for the requests in hand, but not for ever for a client that does not read its answer. */
async function closeServer(app: App): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT)
  await app.close()
  clearTimeout(timer)
}
