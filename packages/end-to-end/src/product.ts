import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { freePort } from '@iomt/testing/free-port'
import { type NatsServer, type StartNatsOptions, startNats } from '@iomt/testing/nats'
import { type ServiceProcess, startServiceProcess } from '@iomt/testing/service-process'

/** The three services as a hospital runs them, on a database and a nats-server of the test's own. */
export interface Product {
  readonly database: MigratedDatabase
  readonly nats: NatsServer
  readonly configApi: ServiceProcess
  readonly gateway: ServiceProcess
  readonly writer: ServiceProcess
  /** Calls the API with the admin key; answers the parsed body and throws on any status but `expected` (default 2xx). */
  call<Body = Record<string, unknown>>(method: string, path: string, body?: unknown, expected?: number): Promise<Body>
  stop(): Promise<void>
}

const serviceMain = (service: string) => new URL(`../../../services/${service}/src/main.ts`, import.meta.url)

export interface ProductOptions {
  /** Settings of config-api that differ from the default. */
  readonly configApi?: Readonly<Record<string, string>>
  readonly nats?: StartNatsOptions
  /** `user:password` of a service at NATS; default: none is asked for. */
  readonly natsLogin?: (service: string) => string
}

export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const directory = mkdtempSync(join(tmpdir(), 'iomt-product-'))
  const keyFile = join(directory, 'keys.json')
  const adminKeyFile = join(directory, 'admin-key')
  ensureKeyFile(keyFile)
  const [database, nats] = await Promise.all([createMigratedDatabase(), startNats(options.nats)])

  async function start(name: string, env: Record<string, string>): Promise<ServiceProcess> {
    const port = await freePort()
    const login = options.natsLogin ? `${options.natsLogin(name)}@` : ''
    return startServiceProcess({
      name,
      main: serviceMain(name),
      env: { PORT: String(port), NATS_URL: nats.url.replace('//', `//${login}`), LOG_LEVEL: 'info', ...env },
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    })
  }

  const [configApi, gateway, writer] = await Promise.all([
    start('config-api', {
      DATABASE_URL: database.url,
      CREDENTIAL_KEY_FILE: keyFile,
      ADMIN_KEY_FILE: adminKeyFile,
      RATE_LIMIT_PER_SECOND: '100000',
      ...options.configApi,
    }),
    start('mqtt-gateway', { CREDENTIAL_KEY_FILE: keyFile, GATEWAY_ID: 'mqtt-gateway-1' }),
    start('telemetry-writer', { DATABASE_URL: database.url }),
  ])
  const apiKey = readFileSync(adminKeyFile, 'utf8').trim()

  return {
    database,
    nats,
    configApi,
    gateway,
    writer,
    async call<Body>(method: string, path: string, body?: unknown, expected?: number) {
      const response = await fetch(`${configApi.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (expected === undefined ? !response.ok : response.status !== expected) {
        throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      }
      return (text === '' ? null : JSON.parse(text)) as Body
    },
    async stop() {
      await Promise.all([configApi.terminate(), gateway.terminate(), writer.terminate()])
      await nats.stop()
      await database.drop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
