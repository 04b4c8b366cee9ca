import { hostname } from 'node:os'
import { NatsEnvironment } from '@iomt/bus/environment'
import { createAddressRule } from '@iomt/contracts/broker-address'
import { FailpointEnvironment } from '@iomt/service-runtime/failpoint'
import { ConfigurationError, parseEnvironment } from '@iomt/service-runtime/parse-environment'
import { DEFAULT_PENDING_BYTES } from '@iomt/socket-mqtt-client/pending-budget'
import { PAYLOAD_BYTES_KEPT } from '@iomt/socket-mqtt-client/socket-config'
import { type Static, Type } from '@sinclair/typebox'

const Environment = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'address of the health and metrics server' }),
  PORT: Type.Integer({ default: 8081, minimum: 0, maximum: 65_535, description: 'port of it; 0 = any free one' }),
  ...NatsEnvironment,
  CREDENTIAL_KEY_FILE: Type.String({ description: 'file with the keys that broker credentials are sealed with' }),
  GATEWAY_ID: Type.String({
    default: `${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}-${process.pid}`,
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'letters, digits, _ and -; unique in the pool',
  }),
  BROKER_NETWORKS: Type.String({
    default: '',
    description:
      'networks in which brokers may be, such as 10.0.0.0/8,192.0.2.7; empty = anywhere but at link-local and metadata addresses',
  }),
  MAX_PAYLOAD_BYTES: Type.Integer({
    default: 262_144,
    minimum: 1,
    maximum: PAYLOAD_BYTES_KEPT,
    description: 'larger payloads are dead letters; of those above 4 MiB only the beginning',
  }),
  MAX_PENDING_BYTES: Type.Integer({
    default: DEFAULT_PENDING_BYTES,
    minimum: 1_048_576,
    description:
      'memory for what is received and not yet stored; above it connections stop reading, but for 32 KiB each',
  }),
  PUBLISH_WINDOW: Type.Integer({
    default: 2_048,
    minimum: 1,
    description: 'messages on their way to JetStream at once',
  }),
  CONFIG_PATIENCE_SECONDS: Type.Integer({
    default: 120,
    minimum: 0,
    description:
      'age below which a bucket of configurations must have been completed by config-api before it is believed',
  }),
  IDLE_AFTER_SECONDS: Type.Integer({ default: 120, minimum: 1, description: 'silence after which a socket is idle' }),
  LOG_LEVEL: Type.String({ default: 'info', pattern: '^(trace|debug|info|warn|error|fatal|silent)$' }),
  ...FailpointEnvironment,
})

export type GatewayConfig = Readonly<Static<typeof Environment>>

export function readGatewayConfig(environment: NodeJS.ProcessEnv): GatewayConfig {
  const config = parseEnvironment(Environment, environment)
  try {
    createAddressRule(config.BROKER_NETWORKS)
  } catch (error) {
    throw new ConfigurationError(`The environment is not usable:\n  ${(error as Error).message}`)
  }
  return config
}
