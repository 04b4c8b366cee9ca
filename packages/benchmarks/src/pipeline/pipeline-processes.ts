import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import { freePort } from '@iomt/testing/free-port'
import { type MosquittoBroker, startMosquitto } from '@iomt/testing/mosquitto'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { type ServiceProcess, startServiceProcess } from '@iomt/testing/service-process'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import type { NamedProcesses } from '../measure/usage-meter.ts'
import { POSTGRES_SETTINGS } from './postgres-settings.ts'

/** The whole way from a broker to a row, each part a process. */
export interface PipelineProcesses {
  readonly broker: MosquittoBroker
  readonly nats: NatsServer
  readonly postgres: PostgresServer
  readonly gateways: readonly ServiceProcess[]
  readonly writers: readonly ServiceProcess[]
  /** Process ids as they are now, for measuring. */
  processes(): NamedProcesses
  /** Ends the services in order, so that a profile is written, and the servers. */
  stop(): Promise<void>
}

export interface PipelineOptions {
  readonly gateways: number
  readonly writers: number
  /** Where gateway and writer leave `*.cpuprofile`; undefined: no profiling. */
  readonly profileDirectory?: string | undefined
}

const serviceMain = (service: string) => new URL(`../../../../services/${service}/src/main.ts`, import.meta.url)

/** Starts servers and services; Postgres durable (fsync and synchronous commit on). */
export async function startPipelineProcesses(options: PipelineOptions): Promise<PipelineProcesses> {
  const directory = temporaryDirectory('benchmark')
  const keyFile = join(directory, 'keys.json')
  ensureKeyFile(keyFile)
  const [broker, nats, postgres] = await Promise.all([
    startMosquitto({ logPackets: false }),
    startNats(),
    startPostgres({ settings: POSTGRES_SETTINGS }),
  ])
  const stopServers = async () => {
    await Promise.all([broker.stop(), nats.stop(), postgres.stop()])
    rmSync(directory, { recursive: true, force: true })
  }

  async function start(service: string, number: number, env: Record<string, string>): Promise<ServiceProcess> {
    const port = await freePort()
    const { profileDirectory } = options
    return startServiceProcess({
      name: `${service}-${number}`,
      main: serviceMain(service),
      env: { NATS_URL: nats.url, PORT: String(port), LOG_LEVEL: 'warn', ...env },
      nodeOptions: profileDirectory
        ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`, `--cpu-prof-name=${service}-${number}.cpuprofile`]
        : [],
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    })
  }
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

  try {
    const { database } = connectDatabase({ url: postgres.url, applicationName: 'benchmark', onConnectionError() {} })
    await migrateToLatest(database)
    await database.destroy()
    const [gateways, writers] = await Promise.all([
      Promise.all(
        numbers(options.gateways).map((number) =>
          start('mqtt-gateway', number, {
            CREDENTIAL_KEY_FILE: keyFile,
            GATEWAY_ID: `mqtt-gateway-${number}`,
            // There is no config-api here that would complete the bucket.
            CONFIG_PATIENCE_SECONDS: '0',
          }),
        ),
      ),
      Promise.all(
        numbers(options.writers).map((number) => start('telemetry-writer', number, { DATABASE_URL: postgres.url })),
      ),
    ])
    return {
      broker,
      nats,
      postgres,
      gateways,
      writers,
      processes: () => ({
        mosquitto: broker.pid,
        ...Object.fromEntries([...gateways, ...writers].map(({ name, pid }) => [name, pid])),
        'nats-server': nats.pid,
        postgres: postgres.pid,
      }),
      async stop() {
        await Promise.all([...gateways, ...writers].map((service) => service.terminate()))
        await stopServers()
      },
    }
  } catch (error) {
    await stopServers()
    throw error
  }
}
