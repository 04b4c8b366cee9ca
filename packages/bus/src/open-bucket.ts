import { JetStreamApiError } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { Bus } from './connect.ts'

/** Two that make a bucket in the same moment: the server tells one of them that name or subjects are taken. */
const ATTEMPTS = 5

/**
 * Opens a key-value bucket, making it when it is not there: file storage, the newest value of each key. Its revisions start
 * at the time of its creation in microseconds instead of at 1, so that a compare-and-set meant for a bucket that was lost, or on its way
 * since then, finds no such revision in the one that was made again.
 */
export async function openBucket(bus: Bus, name: string): Promise<KV> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const bucket = await new Kvm(bus.jetstream).create(name, { history: 1 })
      await startRevisions(bus, name)
      return bucket
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || attempt === ATTEMPTS) throw error
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt))
    }
  }
}

/**
 * A purge up to a sequence that is not reached yet makes it the next one, also after a restart. Everybody who opens the bucket
 * computes the same one, so doing it twice does nothing; `first_seq` in the stream's configuration came with nats-server 2.10 only.
 */
async function startRevisions(bus: Bus, name: string): Promise<void> {
  const { created, state } = await bus.manager.streams.info(`KV_${name}`)
  if (state.last_seq > 0) return
  await bus.manager.streams.purge(`KV_${name}`, { seq: Date.parse(created) * 1_000 })
}
