import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type Static, Type } from '@sinclair/typebox'
import type { BusOptions } from './connect.ts'

const GIBIBYTE = 1024 ** 3
const HOUR = 3_600_000

/** Variables of a service that uses NATS. */
export const NatsEnvironment = {
  NATS_URL: Type.String({ minLength: 1, description: 'for example nats://127.0.0.1:4222, several with commas' }),
  NATS_REPLICAS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 5,
    description: 'servers of a NATS cluster that each stream and bucket is on: 3 survive the loss of one',
  }),
  TELEMETRY_MAX_GIB: Type.Number({
    default: TELEMETRY_STREAM.maxBytes / GIBIBYTE,
    minimum: 0.01,
    description: 'size of the stream of readings when it is made; later: nats stream edit',
  }),
  TELEMETRY_MAX_AGE_HOURS: Type.Number({
    default: TELEMETRY_STREAM.maxAge / HOUR,
    minimum: 1,
    description: 'age of its oldest readings, as above',
  }),
}

/** Where NATS is, and how streams and buckets are made there. */
export function natsOptions(
  config: {
    readonly [Name in keyof typeof NatsEnvironment]: Static<(typeof NatsEnvironment)[Name]>
  },
): Pick<BusOptions, 'url' | 'replicas' | 'streamLimits'> {
  return {
    url: config.NATS_URL,
    replicas: config.NATS_REPLICAS,
    streamLimits: {
      [TELEMETRY_STREAM.name]: {
        maxBytes: Math.floor(config.TELEMETRY_MAX_GIB * GIBIBYTE),
        maxAge: Math.round(config.TELEMETRY_MAX_AGE_HOURS * HOUR),
      },
    },
  }
}
