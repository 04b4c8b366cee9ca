import { type KV, Kvm } from '@nats-io/kv'
import type { Bus } from './connect.ts'

/** Opens a key-value bucket, making it when it is not there: file storage, the newest value of each key. */
export async function openBucket(bus: Bus, name: string): Promise<KV> {
  return await new Kvm(bus.jetstream).create(name, { history: 1 })
}
