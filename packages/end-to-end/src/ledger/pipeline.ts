import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import { freePort } from '@iomt/testing/free-port'
import { type MosquittoBroker, type StartMosquittoOptions, startMosquitto } from '@iomt/testing/mosquitto'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { type NatsCluster, startNatsCluster } from '@iomt/testing/nats-cluster'
import type { NetworkNamespace } from '@iomt/testing/network-namespace'
import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { type ServiceProcess, startServiceProcess } from '@iomt/testing/service-process'

/** Every part of the way from a broker to a row as a process that can be killed. */
export interface Pipeline {
  readonly broker: MosquittoBroker
  /** The first of the NATS servers; the only one unless more are asked for. */
  readonly nats: NatsServer
  readonly natsServers: readonly NatsServer[]
  /** Of all NATS servers. */
  readonly natsUrl: string
  readonly postgres: PostgresServer
  /** The first of the gateways; the only one unless more are asked for. */
  readonly gateway: ServiceProcess
  readonly gateways: readonly ServiceProcess[]
  /** Starts one more gateway, with the next number. */
  addGateway(): Promise<ServiceProcess>
  readonly writer: ServiceProcess
  stop(): Promise<void>
}

export interface PipelineOptions {
  /** Default 1. */
  readonly gateways?: number
  /** Default 1; of several, each stream and bucket is on three. */
  readonly natsServers?: number
  /** The host that the gateway with this number runs on; default this machine. */
  readonly hostOf?: (gateway: number) => NetworkNamespace | undefined
  /** Called once the servers run and before any service does. */
  readonly prepare?: (servers: { nats: NatsServer; broker: MosquittoBroker }) => Promise<void>
  /** Where the gateway with this number finds NATS; for tests that cut it off. Default: the server itself. */
  readonly natsUrlOf?: (nats: NatsServer, gateway: number) => string
  readonly broker?: StartMosquittoOptions
  readonly gatewayEnvironment?: Readonly<Record<string, string>>
  readonly writerEnvironment?: Readonly<Record<string, string>>
}

const serviceMain = (service: string) => new URL(`../../../../services/${service}/src/main.ts`, import.meta.url)

/** Starts the five processes; Postgres with durable settings, since it will be killed. */
export async function startPipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  const directory = mkdtempSync(join(tmpdir(), 'iomt-pipeline-'))
  const keyFile = join(directory, 'keys.json')
  ensureKeyFile(keyFile)
  const clustered = (options.natsServers ?? 1) > 1
  const [broker, cluster, postgres] = await Promise.all([
    startMosquitto({ logPackets: false, ...options.broker }),
    clustered ? startNatsCluster(options.natsServers) : startNats().then(alone),
    startPostgres(),
  ])
  const nats = cluster.servers[0] as NatsServer
  const natsReplicas = clustered ? '3' : '1'
  const { database } = connectDatabase({ url: postgres.url, applicationName: 'test', onConnectionError() {} })
  await migrateToLatest(database)
  await database.destroy()
  await options.prepare?.({ nats, broker })
  const gateways: ServiceProcess[] = []
  let lastNumber = 0
  async function addGateway(): Promise<ServiceProcess> {
    lastNumber += 1
    const number = lastNumber
    const port = await freePort()
    const host = options.hostOf?.(number)
    const gateway = await startServiceProcess({
      name: `mqtt-gateway-${number}`,
      main: serviceMain('mqtt-gateway'),
      env: {
        NATS_URL: options.natsUrlOf?.(nats, number) ?? cluster.url,
        NATS_REPLICAS: natsReplicas,
        CREDENTIAL_KEY_FILE: keyFile,
        // There is no config-api here that would complete the bucket.
        CONFIG_PATIENCE_SECONDS: '0',
        GATEWAY_ID: `mqtt-gateway-${number}`,
        HOST: host?.address ?? '127.0.0.1',
        PORT: String(port),
        LOG_LEVEL: 'warn',
        ...options.gatewayEnvironment,
      },
      networkNamespace: host?.name,
      readyUrl: `http://${host?.address ?? '127.0.0.1'}:${port}/readyz`,
    })
    gateways.push(gateway)
    return gateway
  }
  for (let count = options.gateways ?? 1; count > 0; count -= 1) await addGateway()
  const writerPort = await freePort()
  const writer = await startServiceProcess({
    name: 'telemetry-writer',
    main: serviceMain('telemetry-writer'),
    env: {
      NATS_URL: cluster.url,
      NATS_REPLICAS: natsReplicas,
      DATABASE_URL: postgres.url,
      PORT: String(writerPort),
      LOG_LEVEL: 'warn',
      ...options.writerEnvironment,
    },
    readyUrl: `http://127.0.0.1:${writerPort}/readyz`,
  })
  return {
    broker,
    nats,
    natsServers: cluster.servers,
    natsUrl: cluster.url,
    postgres,
    gateway: gateways[0] as ServiceProcess,
    gateways,
    addGateway,
    writer,
    async stop() {
      await Promise.all([...gateways, writer].map((service) => service.kill9()))
      await Promise.all([broker.stop(), cluster.stop(), postgres.stop()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const alone = (server: NatsServer): NatsCluster => ({ url: server.url, servers: [server], stop: () => server.stop() })
