import { socketConfigKey } from '@iomt/contracts/buckets'
import { partitionOf } from '@iomt/contracts/partitions'
import type { Database } from '@iomt/database/connect'
import type { KV } from '@nats-io/kv'
import { readDesiredStates } from './desired-state.ts'
import { forEachConcurrently } from './for-each-concurrently.ts'
import { type StoredValue, storedValue, writeDesiredState } from './write-desired-state.ts'

/** A socket by its key in the bucket; the PDU never changes, so the key outlives the row. */
export interface SocketKey {
  readonly socketId: string
  readonly pduId: string
}

const CHUNK = 200
const CONCURRENCY = 32
/** A conflict means that another replica wrote a newer state; so many in a row mean that something is wrong. */
const MAX_ATTEMPTS = 20

/**
 * Brings the bucket's entries of these sockets up to date: reads the entries, then Postgres, then compares and sets; after
 * a conflict again from the first step. The order is what keeps it right, see {@link writeDesiredState}.
 */
export async function reconcileSockets(database: Database, bucket: KV, sockets: readonly SocketKey[]): Promise<void> {
  for (let start = 0; start < sockets.length; start += CHUNK) {
    let open: readonly SocketKey[] = sockets.slice(start, start + CHUNK)
    for (let attempt = 1; open.length > 0; attempt += 1) {
      if (attempt > MAX_ATTEMPTS) throw new Error(`${open.length} sockets conflict again and again in the bucket`)
      open = await reconcileOnce(database, bucket, open)
    }
  }
}

/** Answers the sockets that another writer got in the way of. */
async function reconcileOnce(database: Database, bucket: KV, sockets: readonly SocketKey[]): Promise<SocketKey[]> {
  const stored = new Map<SocketKey, StoredValue>()
  await forEachConcurrently(sockets, CONCURRENCY, async (socket) => {
    stored.set(socket, storedValue(await bucket.get(keyOf(socket))))
  })
  const desired = await readDesiredStates(
    database,
    sockets.map(({ socketId }) => socketId),
  )
  const conflicts: SocketKey[] = []
  await forEachConcurrently([...stored], CONCURRENCY, async ([socket, value]) => {
    const result = await writeDesiredState(bucket, keyOf(socket), value, desired.get(socket.socketId))
    if (result === 'conflict') conflicts.push(socket)
  })
  return conflicts
}

function keyOf({ pduId, socketId }: SocketKey): string {
  return socketConfigKey(partitionOf(pduId), socketId)
}
