import type { StreamInfo } from '@nats-io/jetstream'
import type { Bus } from './connect.ts'

/** Gives a stream that is on fewer servers than configured the missing ones. Never takes any: an operator may want more. */
export async function raiseReplicas({ manager, replicas }: Bus, { config }: StreamInfo): Promise<void> {
  if (config.num_replicas < replicas) await manager.streams.update(config.name, { num_replicas: replicas })
}
