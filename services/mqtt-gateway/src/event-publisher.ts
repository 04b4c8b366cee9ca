import { createPipelinedPublisher } from '@iomt/bus/pipelined-publisher'
import type { NatsConnection } from '@nats-io/nats-core'
import type { Logger } from 'pino'

/** Events waiting for JetStream; more are dropped. They tell of the present, and the next ones will again. */
const MAX_WAITING = 20_000

/** Publishes what people and dashboards want to know: never in the way of readings, which have a publisher of their own. */
export interface EventPublisher {
  publish(subject: string, id: string, event: object): void
  close(): void
}

export function createEventPublisher({
  connection,
  logger,
}: {
  connection: NatsConnection
  logger: Logger
}): EventPublisher {
  const publisher = createPipelinedPublisher({ connection, logger, window: 256 })
  let dropped = 0
  return {
    publish(subject, id, event) {
      if (publisher.pending >= MAX_WAITING) {
        if (dropped % 10_000 === 0)
          logger.error({ reason: publisher.obstacle, dropped }, 'events cannot be stored and are dropped')
        dropped += 1
        return
      }
      // Rejected only when the gateway stops: the next owner tells what it sees.
      publisher.publish({ subject, payload: Buffer.from(JSON.stringify(event)), messageId: id }).catch(() => undefined)
    },
    close: () => publisher.close(),
  }
}
