import { JetStreamApiError } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { Bus } from './connect.ts'
import { isNobodyListening } from './errors.ts'
import { numberBucket } from './number-bucket.ts'
import { raiseReplicas, requireCluster } from './raise-replicas.ts'

/** Two that make a bucket in the same moment: the server tells one of them that name or subjects are taken, or listens too late. */
const ATTEMPTS = 5

/** Opens a key-value bucket, making it when it is not there: file storage, the newest value of each key, revisions that no other had. */
export async function openBucket(bus: Bus, name: string): Promise<KV> {
  requireCluster(bus)
  for (let attempt = 1; ; attempt += 1) {
    try {
      const bucket = await new Kvm(bus.jetstream).create(name, { history: 1, replicas: bus.replicas })
      await raiseReplicas(bus, await numberBucket(bus, name))
      return bucket
    } catch (error) {
      const canPass = error instanceof JetStreamApiError || isNobodyListening(error)
      if (!canPass || attempt === ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt))
    }
  }
}
