import type { StreamInfo } from '@nats-io/jetstream'
import type { Bus } from './connect.ts'

/** Gives a stream that is on fewer servers than configured the missing ones. Never takes any: an operator may want more. */
export async function raiseReplicas(bus: Bus, { config }: StreamInfo): Promise<void> {
  const { manager, replicas } = bus
  if (config.num_replicas >= replicas) return
  requireCluster(bus)
  await manager.streams.update(config.name, { num_replicas: replicas })
}

/**
 * A server of its own takes such a change before 2.12, and does not find the stream any more when it starts again.
 *
 * @throws an error that says what to do.
 */
export function requireCluster({ connection, replicas }: Bus): void {
  if (replicas === 1 || connection.info?.cluster) return
  throw new Error(
    `NATS_REPLICAS is ${replicas}, and the NATS server is in no cluster: set it to 1, or set up a cluster`,
  )
}
