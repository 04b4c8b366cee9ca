import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { freePort } from '@iomt/testing/free-port'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { type ServiceProcess, startServiceProcess } from '@iomt/testing/service-process'
import { temporaryDirectory } from '@iomt/testing/temporary-directory'
import { startTogether, stoppedBy, withStarted } from '../measure/start-together.ts'
import { migrate } from '../pipeline/prepared-tables.ts'

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
  return await withStarted(async (started) => {
    const directory = started.adopt(temporaryDirectory('api-benchmark'), (path) =>
      rmSync(path, { recursive: true, force: true }),
    )
    const keyFile = join(directory, 'keys.json')
    const adminKeyFile = join(directory, 'admin.key')
    ensureKeyFile(keyFile)
    const [nats, postgres] = await startTogether([
      stoppedBy(started, startNats()),
      stoppedBy(started, startPostgres({ settings: options.postgresSettings })),
    ])
    await migrate(postgres.url)
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
    started.defer(async () => void (await api.terminate()))
    const key = readFileSync(adminKeyFile, 'utf8').trim()
    const running = started.move()
    return { nats, postgres, api, url: `http://127.0.0.1:${port}`, key, stop: () => running.disposeAsync() }
  })
}
