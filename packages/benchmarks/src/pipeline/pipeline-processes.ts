import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { freePort } from '@iomt/testing/free-port'
import { type MosquittoBroker, startMosquitto } from '@iomt/testing/mosquitto'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { type ServiceProcess, startServiceProcess } from '@iomt/testing/service-process'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { startTogether, stoppedBy, withStarted } from '../measure/start-together.ts'
import type { NamedProcesses } from '../measure/usage-meter.ts'
import { POSTGRES_SETTINGS } from './postgres-settings.ts'
import { migrate } from './prepared-tables.ts'

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
  return await withStarted(async (started) => {
    const directory = started.adopt(temporaryDirectory('benchmark'), (path) =>
      rmSync(path, { recursive: true, force: true }),
    )
    const keyFile = join(directory, 'keys.json')
    ensureKeyFile(keyFile)
    const [broker, nats, postgres] = await startTogether([
      stoppedBy(started, startMosquitto({ logPackets: false })),
      stoppedBy(started, startNats()),
      stoppedBy(started, startPostgres({ settings: POSTGRES_SETTINGS })),
    ])

    async function start(service: string, number: number, env: Record<string, string>): Promise<ServiceProcess> {
      const port = await freePort()
      const { profileDirectory } = options
      const process = await startServiceProcess({
        name: `${service}-${number}`,
        main: serviceMain(service),
        env: { NATS_URL: nats.url, PORT: String(port), LOG_LEVEL: 'warn', ...env },
        nodeOptions: profileDirectory
          ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`, `--cpu-prof-name=${service}-${number}.cpuprofile`]
          : [],
        readyUrl: `http://127.0.0.1:${port}/readyz`,
      })
      return started.adopt(process, async () => void (await process.terminate()))
    }
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

    await migrate(postgres.url)
    const [gateways, writers] = await startTogether([
      startTogether(
        numbers(options.gateways).map((number) =>
          start('mqtt-gateway', number, {
            CREDENTIAL_KEY_FILE: keyFile,
            GATEWAY_ID: `mqtt-gateway-${number}`,
            // There is no config-api here that would complete the bucket.
            CONFIG_PATIENCE_SECONDS: '0',
          }),
        ),
      ),
      startTogether(
        numbers(options.writers).map((number) => start('telemetry-writer', number, { DATABASE_URL: postgres.url })),
      ),
    ])
    const running = started.move()
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
      stop: () => running.disposeAsync(),
    }
  })
}
