import { Type } from '@sinclair/typebox'

/** Variables of a service that uses NATS. */
export const NatsEnvironment = {
  NATS_URL: Type.String({ minLength: 1, description: 'for example nats://127.0.0.1:4222, several with commas' }),
  NATS_REPLICAS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 5,
    description: 'servers of a NATS cluster that each stream and bucket is on: 3 survive the loss of one',
  }),
}
