import { NatsEnvironment } from '@iomt/bus/environment'
import { TELEMETRY_CONSUMER } from '@iomt/contracts/streams'
import { FailpointEnvironment } from '@iomt/service-runtime/failpoint'
import { parseEnvironment } from '@iomt/service-runtime/parse-environment'
import { type Static, Type } from '@sinclair/typebox'
import type { RetentionDays } from './retention/retention-plan.ts'

const retention = (days: number, what: string) =>
  Type.Integer({ default: days, minimum: 0, maximum: 36_500, description: `days that ${what} are kept, 0 = for ever` })

const Environment = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'address of /livez, /readyz and /metrics' }),
  PORT: Type.Integer({ default: 8082, minimum: 0, maximum: 65_535, description: '0 = any free port' }),
  DATABASE_URL: Type.String({ minLength: 1, description: 'for example postgres://iomt:secret@127.0.0.1:5432/iomt' }),
  ...NatsEnvironment,
  LOG_LEVEL: Type.String({ default: 'info', pattern: '^(trace|debug|info|warn|error|fatal|silent)$' }),
  BATCH_SIZE: Type.Integer({ default: 5_000, minimum: 1, maximum: 20_000, description: 'readings in one transaction' }),
  BATCH_BYTES: Type.Integer({ default: 8 * 1024 ** 2, minimum: 1_024, maximum: 256 * 1024 ** 2 }),
  BATCH_LINGER_MS: Type.Integer({
    default: 40,
    minimum: 0,
    maximum: 10_000,
    description: 'how long a reading waits for others to share its transaction',
  }),
  PARTITIONS_AHEAD_DAYS: Type.Integer({ default: 7, minimum: 1, maximum: 366 }),
  RETENTION_RAW_DAYS: retention(90, 'readings'),
  RETENTION_1M_DAYS: retention(400, 'rollups of a minute'),
  RETENTION_1H_DAYS: retention(3_650, 'rollups of an hour'),
  RETENTION_EVENTS_DAYS: retention(400, 'status changes of sockets'),
  CONSUMER_NAME: Type.String({
    default: TELEMETRY_CONSUMER,
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'durable consumer that all writers of one database share',
  }),
  ...FailpointEnvironment,
})

export type WriterConfig = Readonly<Static<typeof Environment>>

/**
 * The writer's configuration from the environment.
 *
 * @throws ConfigurationError naming each variable at fault.
 */
export function readConfig(environment: NodeJS.ProcessEnv): WriterConfig {
  return parseEnvironment(Environment, environment)
}

/** How long each kind of data is kept. */
export function retentionDays(config: WriterConfig): RetentionDays {
  return {
    readings: config.RETENTION_RAW_DAYS,
    minutes: config.RETENTION_1M_DAYS,
    hours: config.RETENTION_1H_DAYS,
    events: config.RETENTION_EVENTS_DAYS,
  }
}
