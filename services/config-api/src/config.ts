import { NatsEnvironment } from '@iomt/bus/environment'
import { parseEnvironment } from '@iomt/service-runtime/parse-environment'
import { type Static, Type } from '@sinclair/typebox'

const ConfigSchema = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'address to listen on; 0.0.0.0 in a container' }),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: '0: any free port' }),
  DATABASE_URL: Type.String({ description: 'postgres://user:password@host:5432/database' }),
  DATABASE_CONNECTIONS: Type.Integer({ default: 10, minimum: 3, maximum: 200 }),
  ...NatsEnvironment,
  CREDENTIAL_KEY_FILE: Type.String({ description: 'key-encryption keys of broker credentials' }),
  ADMIN_KEY_FILE: Type.String({
    description: 'where the first admin key is read from, or written to when there is none',
  }),
  LOG_LEVEL: Type.String({ default: 'info', pattern: '^(fatal|error|warn|info|debug|trace|silent)$' }),
  SWEEP_INTERVAL_SECONDS: Type.Number({ default: 60, exclusiveMinimum: 0, maximum: 86_400 }),
  RATE_LIMIT_PER_SECOND: Type.Integer({ default: 600, minimum: 1, description: 'requests a second and API key' }),
  STREAM_CLIENTS: Type.Integer({ default: 2_000, minimum: 1, description: 'open telemetry streams of this process' }),
  STREAM_CLIENTS_PER_KEY: Type.Integer({ default: 1_000, minimum: 1, description: 'and of one API key here' }),
  STREAM_CLIENT_KIB: Type.Integer({
    default: 1_024,
    minimum: 64,
    maximum: 1_048_576,
    description: 'what one stream client may leave unread before it is dropped',
  }),
  STREAM_TOTAL_MIB: Type.Integer({
    default: 256,
    minimum: 1,
    maximum: 65_536,
    description: 'and all of them together',
  }),
  PUBLIC_URL: Type.Optional(Type.String({ description: 'shown in the API documentation as its server' })),
})

export type Config = Readonly<Static<typeof ConfigSchema>>

/** @throws ConfigurationError naming each variable that is missing or not usable. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  return parseEnvironment(ConfigSchema, environment)
}
