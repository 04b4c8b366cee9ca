import { type Bus, connectBus } from '@iomt/bus/connect'
import { describeDurability } from '@iomt/bus/durability'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { natsOptions } from '@iomt/bus/environment'
import { createPipelinedPublisher, type PipelinedPublisher } from '@iomt/bus/pipelined-publisher'
import { createAddressRule } from '@iomt/contracts/broker-address'
import { DEAD_LETTER_STREAM, GATEWAY_STREAM, STATUS_STREAM, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { rebalanceSubject } from '@iomt/contracts/subjects'
import { readKeyFile } from '@iomt/credential-vault/key-file'
import { createVault } from '@iomt/credential-vault/vault'
import { createFailpoint } from '@iomt/service-runtime/failpoint'
import { type HealthServer, startHealthServer } from '@iomt/service-runtime/health-server'
import type { Logger } from '@iomt/service-runtime/logger'
import { createMetrics } from '@iomt/service-runtime/metrics'
import type { Service } from '@iomt/service-runtime/run-service'
import { SocketMqttClient } from '@iomt/socket-mqtt-client/socket-mqtt-client'
import { createMqttJsConnect } from '@iomt/socket-mqtt-client/transport.mqttjs'
import type { GatewayConfig } from './config.ts'
import { createDesiredStateFeed } from './desired-state/desired-state-feed.ts'
import { untilBucketComplete } from './desired-state/until-bucket-complete.ts'
import { createEventPublisher } from './event-publisher.ts'
import { createIngest } from './ingest/ingest.ts'
import { createGatewayMetrics } from './metrics.ts'
import { createNatsOwnershipPool } from './ownership/ownership-pool.nats.ts'
import type { PartitionOwnership } from './ownership/partition-ownership.ts'
import { createRebalanceObserver } from './rebalance/rebalance-observer.ts'
import { createConnectivityTests } from './rpc/connectivity-tests.ts'
import { createGatewayRpc } from './rpc/gateway-rpc.ts'
import { createSocketSupervisor } from './sockets/socket-supervisor.ts'
import { createRebirthRequests } from './sparkplug/rebirth-requests.ts'
import { createMessageAssessments } from './status/message-assessments.ts'
import { createStatusReporter } from './status/status-reporter.ts'

export interface GatewayOverrides {
  readonly ownership?: PartitionOwnership
  readonly now?: () => number
}

export interface Gateway extends Service {
  /** Port of the health server once started. */
  healthPort(): number
}

/** The gateway: the sockets of the partitions it owns, connected, their messages on NATS. */
export function createGateway(config: GatewayConfig, logger: Logger, overrides: GatewayOverrides = {}): Gateway {
  const now = overrides.now ?? Date.now
  const afterStore = createFailpoint('after-store', config)
  const stopping = new AbortController()
  const closers: Array<() => Promise<void> | void> = []
  let bus: Bus | null = null
  let synced = false
  let received = 0
  let health: HealthServer | null = null

  async function start(): Promise<void> {
    const vault = createVault(readKeyFile(config.CREDENTIAL_KEY_FILE))
    const registry = createMetrics('mqtt-gateway', '0.1.0')
    health = await startHealthServer({
      host: config.HOST,
      port: config.PORT,
      metrics: registry,
      checks: {
        nats: () => (bus && !bus.connection.isClosed() ? pingNats(bus) : 'not connected yet'),
        sockets: () => (synced ? null : 'the configuration of the sockets is not read yet'),
      },
    })
    closers.push(() => health?.close())

    bus = await connectBus({
      ...natsOptions(config),
      name: config.GATEWAY_ID,
      logger,
      signal: stopping.signal,
    })
    const { connection, manager } = bus
    closers.push(() => bus?.close())
    await ensureStreams(bus, [TELEMETRY_STREAM, DEAD_LETTER_STREAM, STATUS_STREAM, GATEWAY_STREAM])
    const { cluster } = await manager.streams.info(TELEMETRY_STREAM.name)
    const replicas = 1 + (cluster?.replicas?.length ?? 0)
    logger.info(describeDurability(connection.info?.version ?? '0', replicas), 'durability of an acknowledged reading')

    const ownership =
      overrides.ownership ??
      (await createNatsOwnershipPool({
        bus,
        gateway: config.GATEWAY_ID,
        logger,
        figures: () => {
          const { sockets, connections } = client.figures
          return { sockets, connections, messages: received }
        },
        onRebalance({ partition, from, cause, acquired_at: acquiredAt, gap_ms: gap }) {
          rebalances.acquired({ partition, from, cause, unownedSince: Date.parse(acquiredAt) - (gap ?? 0) })
        },
      }))
    const fencingToken = () => ownership.life()
    const publisher: PipelinedPublisher = createPipelinedPublisher({
      connection,
      logger,
      window: config.PUBLISH_WINDOW,
      fencingToken,
    })
    closers.push(() => publisher.close())
    const deadLetterPublisher = createPipelinedPublisher({ connection, logger, window: 64, fencingToken })
    closers.push(() => deadLetterPublisher.close())
    const metrics = createGatewayMetrics(
      registry,
      () => client.figures,
      () => publisher.pending,
    )
    const assessments = createMessageAssessments()
    const ingest = createIngest({
      publisher,
      deadLetterPublisher,
      metrics,
      maxPayloadBytes: config.MAX_PAYLOAD_BYTES,
      maxMessageBytes: () => connection.info?.max_payload ?? 1_048_576,
      life: () => ownership.life(),
      confirmLife: (life) => ownership.confirm(life),
      desiredState: (socket) => supervisor.desiredState(socket),
      storedId: async (stream, sequence) =>
        (await manager.streams.getMessage(stream, { seq: sequence }))?.json<{ id: string }>().id ?? null,
      afterStore,
      onDeadLetter: (socketId) => client.countDeadLetter(socketId),
      assessmentOf: (state) => assessments.of(state.socket_id, state.payload_config),
      onAvailability: (socketId) => status.touch(socketId),
      onBirthMissing: createRebirthRequests({
        publish: (socketId, topic, payload) =>
          client.publishToSocket(socketId, payload, { topic, qos: 0, retain: false }),
        now,
        logger,
      }),
    })
    const connect = createMqttJsConnect(createAddressRule(config.BROKER_NETWORKS))
    const client: SocketMqttClient = new SocketMqttClient({
      connect,
      mayConnect: (partition) => ownership.owns(partition),
      maxPendingBytes: config.MAX_PENDING_BYTES,
      assess: assessments.assess,
      now,
      deliver(delivery, onSettled) {
        received += 1
        ingest(delivery, onSettled)
      },
    })
    const feed = createDesiredStateFeed({
      bus,
      logger,
      now,
      onChange: (partition, socketId, state) => {
        if (state === null) assessments.forget(socketId)
        supervisor
          .apply(partition, socketId, state)
          .catch((error: unknown) => logger.error({ err: error, socketId }, 'cannot apply a configuration'))
      },
    })
    const supervisor = createSocketSupervisor({
      client,
      feed,
      vault,
      idleAfter: config.IDLE_AFTER_SECONDS * 1_000,
      onChange: (socketId) => status.touch(socketId),
    })
    const events = createEventPublisher({ connection, logger })
    closers.push(() => events.close())
    const status = createStatusReporter({ gateway: config.GATEWAY_ID, client, supervisor, events, now })
    const rebalances = createRebalanceObserver({
      gateway: config.GATEWAY_ID,
      client,
      supervisor,
      now,
      onReceipt: (receipt) => events.publish(rebalanceSubject(config.GATEWAY_ID), receipt.id, receipt),
    })
    const gateway = config.GATEWAY_ID
    const test = createConnectivityTests({ gateway, vault, connect })
    const rpc = createGatewayRpc({ connection, logger, gateway, client, statusOf: status.statusOf, test })

    // Every socket is known before the first connection opens: a resumed session delivers at once, and a message for a
    // topic that nobody seems to have would be taken for a stray.
    const patience = config.CONFIG_PATIENCE_SECONDS * 1_000
    await untilBucketComplete({ bus, logger, now, patience, signal: stopping.signal })
    closers.push(() => feed.stop())
    await feed.start()
    synced = true
    status.start()
    rpc.start()
    closers.push(async () => {
      rpc.stop()
      await ownership.stop()
      await client.close()
      rebalances.stop()
      status.stop()
    })
    await ownership.start({
      async acquired(partition) {
        rpc.hold(partition)
        await supervisor.hold(partition)
      },
      async revoked(partition, reason) {
        rpc.release(partition)
        await supervisor.release(partition, reason === 'fence' ? 'abandoned' : 'drained')
        assessments.keepOnly((socketId) => supervisor.get(socketId) !== null)
      },
    })
    logger.info({ gateway: config.GATEWAY_ID, knownSockets: feed.size, healthPort: health.port }, 'gateway is running')
  }

  return {
    start,
    async stop() {
      stopping.abort()
      // In the reverse order of making: no connection outlives what stores its messages.
      for (const close of closers.reverse()) await close()
    },
    healthPort: () => health?.port ?? 0,
  }
}

async function pingNats(bus: Bus): Promise<string | null> {
  await bus.connection.flush()
  return null
}
