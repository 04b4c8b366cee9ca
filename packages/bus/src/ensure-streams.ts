import { type StreamDefinition, TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import type { Bus } from './connect.ts'
import { provenMissing } from './proven-missing.ts'
import { raiseReplicas, requireCluster } from './raise-replicas.ts'

/** JetStream's configuration counts time in nanoseconds. */
const NANOSECONDS = 1_000_000

/**
 * Makes the streams that are missing and leaves the others as they are, but for replicas that are fewer than configured: so an operator's
 * `nats stream edit` (more replicas, other limits) is never undone by a restart. Every service calls it for what it uses.
 *
 * @throws an error that says what to do when the server has less room than a stream reserves.
 */
export async function ensureStreams(bus: Bus, definitions: readonly StreamDefinition[]): Promise<void> {
  await Promise.all(
    definitions.map(async (definition) => {
      const missing = await provenMissing(bus, async () => {
        await raiseReplicas(bus, await bus.manager.streams.info(definition.name))
      })
      if (missing) await addStream(bus, { ...definition, ...bus.streamLimits[definition.name] })
    }),
  )
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
  requireCluster(bus)
  try {
    await bus.manager.streams.add(config)
  } catch (error) {
    // Two services may add it at once; the loser finds it there, a moment later.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await bus.manager.streams.info(definition.name).catch(() => {
      throw noRoom(definition, bus.replicas, error) ?? error
    })
  }
}

/** What the server only calls insufficient, or says of its peers. */
function noRoom({ name, maxBytes }: StreamDefinition, replicas: number, error: unknown): Error | null {
  if (!(error instanceof Error)) return null
  const size = `${(maxBytes / 1024 ** 3).toFixed(2)} GiB`
  const advice =
    name === TELEMETRY_STREAM.name ? 'raise max_file_store, or set TELEMETRY_MAX_GIB' : 'raise max_file_store'
  if (/insufficient storage/i.test(error.message))
    return new Error(`the NATS server has no room for ${name}, which reserves ${size}: ${advice}`, { cause: error })
  if (!/no suitable peers/i.test(error.message)) return null
  const wanted = `there are not ${replicas} NATS servers with room for ${name}, which reserves ${size} on each`
  return new Error(`${wanted}: set NATS_REPLICAS to how many there are, or ${advice}`, { cause: error })
}
