import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileSchema } from '@iomt/contracts/compile-schema'
import { ensureKeyFile } from '@iomt/credential-vault/key-file'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import type { TSchema } from '@sinclair/typebox'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import { type ConfigApi, type ConfigApiOverrides, createConfigApi } from '../service.ts'
import { type ApiClient, createApiClient } from './api-client.ts'

/** Nobody listens there: config-api must work without NATS. */
const NO_NATS = 'nats://127.0.0.1:9'

export interface RunningConfigApi {
  readonly api: ApiClient
  readonly service: ConfigApi
  readonly config: Config
  readonly migrated: MigratedDatabase
  /** Every log line of the service so far. */
  readonly log: () => string
  stop(): Promise<void>
}

export interface StartOptions {
  readonly natsUrl?: string
  /** A database that several services share; its maker drops it. */
  readonly migrated?: MigratedDatabase
  readonly config?: Partial<Config>
  readonly overrides?: ConfigApiOverrides
}

/** A config-api in this process on a database of its own. Each answer is checked against its route's schema. */
export async function startConfigApi(options: StartOptions = {}): Promise<RunningConfigApi> {
  const migrated = options.migrated ?? (await createMigratedDatabase())
  const directory = mkdtempSync(join(tmpdir(), 'iomt-config-api-'))
  const config: Config = {
    HOST: '127.0.0.1',
    PORT: 0,
    DATABASE_URL: migrated.url,
    DATABASE_CONNECTIONS: 10,
    NATS_URL: options.natsUrl ?? NO_NATS,
    NATS_REPLICAS: 1,
    TELEMETRY_MAX_GIB: 8,
    TELEMETRY_MAX_AGE_HOURS: 72,
    CREDENTIAL_KEY_FILE: join(directory, 'credential-keys.json'),
    ADMIN_KEY_FILE: join(directory, 'admin.key'),
    LOG_LEVEL: 'debug',
    SWEEP_INTERVAL_SECONDS: 3_600,
    RATE_LIMIT_PER_SECOND: 1_000_000,
    STREAM_CLIENTS: 2_000,
    STREAM_CLIENTS_PER_KEY: 1_000,
    STREAM_CLIENT_KIB: 1_024,
    STREAM_TOTAL_MIB: 256,
    ...options.config,
  }
  ensureKeyFile(config.CREDENTIAL_KEY_FILE)
  const lines: string[] = []
  const logger = pino({ level: config.LOG_LEVEL }, { write: (line) => lines.push(line) })
  const service = createConfigApi(config, logger, { serializerCompiler: checkingSerializer, ...options.overrides })
  await service.start()
  return {
    api: createApiClient(service.url(), readFileSync(config.ADMIN_KEY_FILE, 'utf8').trim()),
    service,
    config,
    migrated,
    log: () => lines.join(''),
    async stop() {
      await service.stop()
      if (!options.migrated) await migrated.drop()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Fails the request (500) when an answer is not what its schema says. */
const checkingSerializer: NonNullable<ConfigApiOverrides['serializerCompiler']> = ({ schema, url }) => {
  const compiled = compileSchema(schema as TSchema)
  return (data) => {
    const text = JSON.stringify(data)
    const violations = compiled.violations(JSON.parse(text))
    if (violations.length > 0) throw new Error(`${url} answers what its schema forbids: ${JSON.stringify(violations)}`)
    return text
  }
}
