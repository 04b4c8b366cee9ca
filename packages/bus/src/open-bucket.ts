import { JetStreamApiError } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { Bus } from './connect.ts'
import { isNobodyListening } from './errors.ts'
import { numberBucket } from './number-bucket.ts'
import { provenMissing } from './proven-missing.ts'
import { raiseReplicas, requireCluster } from './raise-replicas.ts'

/** Two that make a bucket in the same moment: the server tells one of them that name or subjects are taken, or listens too late. */
const ATTEMPTS = 5

/** Opens a key-value bucket, making it when it is not there: file storage, the newest value of each key, revisions that no other had. */
export async function openBucket(bus: Bus, name: string): Promise<KV> {
  requireCluster(bus)
  for (let attempt = 1; ; attempt += 1) {
    try {
      const bucket = await openOrMake(bus, name)
      await raiseReplicas(bus, await numberBucket(bus, name))
      return bucket
    } catch (error) {
      const canPass = error instanceof JetStreamApiError || isNobodyListening(error)
      if (!canPass || attempt === ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt))
    }
  }
}

async function openOrMake(bus: Bus, name: string): Promise<KV> {
  const buckets = new Kvm(bus.jetstream)
  let direct = false
  const missing = await provenMissing(bus, async () => {
    const { config } = await bus.manager.streams.info(`KV_${name}`)
    direct = config.allow_direct
  })
  if (missing) return await buckets.create(name, { history: 1, replicas: bus.replicas })
  return await buckets.open(name, { allow_direct: direct })
}
