import { readBucket } from '@iomt/bus/read-bucket'
import { socketConfigKey } from '@iomt/contracts/buckets'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Database } from '@iomt/database/connect'
import type { KV } from '@nats-io/kv'
import { readAllDesiredStates } from './desired-state.ts'
import { forEachConcurrently } from './for-each-concurrently.ts'
import { type StoredValue, storedValue, writeDesiredState } from './write-desired-state.ts'

/** What a sweep found: how many sockets there are, and how many keys were missing or different, or strays. */
export interface SweepResult {
  readonly sockets: number
  readonly repaired: number
  readonly strays: number
  /** Keys that another writer changed meanwhile; they are right, or the next sweep will find them. */
  readonly conflicts: number
}

const CONCURRENCY = 64
const ABSENT: StoredValue = { revision: 0, text: null }

/**
 * Compares the whole bucket with all sockets and makes it equal: whatever happened to it (lost, restored from an old
 * backup, edited by hand), it is right again afterwards. Reads the bucket first, then Postgres, and writes by
 * compare-and-set, like the relay, so that both may run at once.
 */
export async function sweepDesiredStates(database: Database, bucket: KV): Promise<SweepResult> {
  const stored = new Map<string, StoredValue>()
  for await (const entry of readBucket(bucket)) stored.set(entry.key, storedValue(entry))
  let [sockets, repaired, strays, conflicts] = [0, 0, 0, 0]
  const fix = async (key: string, desired: SocketDesiredState | undefined): Promise<boolean> => {
    const result = await writeDesiredState(bucket, key, stored.get(key) ?? ABSENT, desired)
    if (result === 'conflict') conflicts += 1
    return result === 'written'
  }
  const expected = new Set<string>()
  for await (const states of readAllDesiredStates(database)) {
    sockets += states.length
    await forEachConcurrently(states, CONCURRENCY, async (desired) => {
      const key = socketConfigKey(partitionOf(desired.pdu_id), desired.socket_id)
      expected.add(key)
      if (await fix(key, desired)) repaired += 1
    })
  }
  const strayKeys = [...stored].filter(([key, { text }]) => text !== null && !expected.has(key)).map(([key]) => key)
  await forEachConcurrently(strayKeys, CONCURRENCY, async (key) => {
    if (await fix(key, undefined)) strays += 1
  })
  return { sockets, repaired, strays, conflicts }
}
