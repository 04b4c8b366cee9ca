import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import { freePort } from '@iomt/testing/free-port'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { type ServiceProcess, startServiceProcess } from '@iomt/testing/service-process'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'

/** config-api and what it needs, each a process. */
export interface ApiProcesses {
  readonly nats: NatsServer
  readonly postgres: PostgresServer
  readonly api: ServiceProcess
  readonly url: string
  readonly key: string
  stop(): Promise<void>
}

export interface ApiOptions {
  readonly postgresSettings: Readonly<Record<string, string | number>>
  readonly environment?: Readonly<Record<string, string>>
  /** Options of the service's Node, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
}

const MAIN = new URL('../../../../services/config-api/src/main.ts', import.meta.url)

export async function startApiProcesses(options: ApiOptions): Promise<ApiProcesses> {
  const directory = temporaryDirectory('api-benchmark')
  const keyFile = join(directory, 'keys.json')
  const adminKeyFile = join(directory, 'admin.key')
  ensureKeyFile(keyFile)
  const [nats, postgres] = await Promise.all([startNats(), startPostgres({ settings: options.postgresSettings })])
  const stopServers = async () => {
    await Promise.all([nats.stop(), postgres.stop()])
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const { database } = connectDatabase({ url: postgres.url, applicationName: 'benchmark', onConnectionError() {} })
    await migrateToLatest(database)
    await database.destroy()
    const port = await freePort()
    const api = await startServiceProcess({
      name: 'config-api',
      main: MAIN,
      env: {
        NATS_URL: nats.url,
        DATABASE_URL: postgres.url,
        CREDENTIAL_KEY_FILE: keyFile,
        ADMIN_KEY_FILE: adminKeyFile,
        PORT: String(port),
        LOG_LEVEL: 'warn',
        RATE_LIMIT_PER_SECOND: '100000',
        ...options.environment,
      },
      nodeOptions: options.nodeOptions ?? [],
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    })
    return {
      nats,
      postgres,
      api,
      url: `http://127.0.0.1:${port}`,
      key: readFileSync(adminKeyFile, 'utf8').trim(),
      async stop() {
        await api.terminate()
        await stopServers()
      },
    }
  } catch (error) {
    await stopServers()
    throw error
  }
}
