import type { StreamDefinition } from '@iomt/contracts/streams'
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import type { Bus } from './connect.ts'
import { isStreamMissing } from './errors.ts'
import { raiseReplicas } from './raise-replicas.ts'

/** JetStream's configuration counts time in nanoseconds. */
const NANOSECONDS = 1_000_000

/** Limits from configuration; what is left out comes from the definition. */
export type StreamLimits = Partial<Pick<StreamDefinition, 'maxAge' | 'maxBytes' | 'duplicateWindow'>>

/**
 * Makes the streams that are missing and leaves the others as they are, but for replicas that are fewer than configured: so an operator's
 * `nats stream edit` (more replicas, other limits) is never undone by a restart. Every service calls it for what it uses.
 */
export async function ensureStreams(
  bus: Bus,
  definitions: readonly StreamDefinition[],
  limits: StreamLimits = {},
): Promise<void> {
  for (const definition of definitions) {
    try {
      await raiseReplicas(bus, await bus.manager.streams.info(definition.name))
    } catch (error) {
      if (!isStreamMissing(error)) throw error
      await addStream(bus, { ...definition, ...limits })
    }
  }
}

async function addStream(bus: Bus, definition: StreamDefinition): Promise<void> {
  const config: Partial<StreamConfig> & { name: string } = {
    name: definition.name,
    subjects: [...definition.subjects],
    description: definition.description,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_age: definition.maxAge * NANOSECONDS,
    max_bytes: definition.maxBytes,
    num_replicas: bus.replicas,
    duplicate_window: definition.duplicateWindow * NANOSECONDS,
    max_msgs_per_subject: definition.maxMessagesPerSubject,
    allow_direct: true,
  }
  try {
    await bus.manager.streams.add(config)
  } catch (error) {
    // Two services may add it at once; the loser finds it there, a moment later.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await bus.manager.streams.info(definition.name).catch(() => {
      throw error
    })
  }
}
