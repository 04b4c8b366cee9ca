import type { KV, KvWatchEntry } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Bus } from './connect.ts'
import { isStreamMissing } from './errors.ts'
import { leaveWatch } from './leave-watch.ts'
import { openBucket } from './open-bucket.ts'

export interface BucketWatchOptions {
  readonly bus: Bus
  readonly bucket: string
  readonly logger: Logger
  readonly onPut: (key: string, value: Uint8Array, revision: number) => void
  readonly onDelete: (key: string, revision: number) => void
  /** A listing begins; the time of creation tells a bucket from another one that had its name before. */
  readonly onListing?: (created: string) => void
  /** A complete listing has been passed on; these are all keys there are now. */
  readonly onListed: (keys: ReadonlySet<string>) => void
  /** Milliseconds between complete listings. */
  readonly relistInterval?: number
}

export interface BucketWatch {
  /** Resolves after the first complete listing. */
  start(): Promise<void>
  stop(): void
}

/** Milliseconds between looks at the bucket itself: a watch says neither that it is empty nor that it was deleted. */
const LOOK = 2_000

/**
 * Follows a key-value bucket for ever. Watchers miss events when the server restarts (nats.deno 688, nats.go 1094), and a
 * bucket can be deleted under them: so everything is listed again after each reconnect, at intervals, and when a watch ends.
 */
export function createBucketWatch(options: BucketWatchOptions): BucketWatch {
  const { bus, bucket, logger, relistInterval = 300_000 } = options
  let stopped = false
  let current: { stop(): void } | null = null
  let firstListing: (() => void) | null = null
  let again: (() => void) | null = null
  /** Why there has been no listing since the last one. */
  let problem: string | null = null

  async function follow(): Promise<void> {
    while (!stopped) {
      try {
        await watchOnce(await openBucket(bus, bucket))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        // Without a leader a cluster refuses for many seconds, and each of them looks like the one before.
        if (!stopped && reason !== problem) logger.warn({ bucket, reason }, 'cannot watch the bucket; trying again')
        problem = reason
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
  }

  async function watchOnce(store: KV): Promise<void> {
    const keys = new Set<string>()
    let listed = false
    const complete = () => {
      if (listed) return
      listed = true
      problem = null
      options.onListed(keys)
      firstListing?.()
    }
    const first = await store.status()
    const entries = await store.watch()
    current = entries
    if (stopped) entries.stop()
    options.onListing?.(first.streamInfo.created)
    if (first.values === 0) complete()
    const look = setInterval(() => {
      store.status().then(
        ({ values, streamInfo }) => {
          if (streamInfo.created !== first.streamInfo.created) entries.stop()
          else if (!listed && values === 0) complete()
        },
        (error: unknown) => {
          if (isStreamMissing(error)) entries.stop()
        },
      )
    }, LOOK)
    const relist = setTimeout(() => entries.stop(), relistInterval)
    again = () => entries.stop()
    try {
      for await (const entry of entries) {
        handle(entry, keys)
        // The last entry of the listing is the first that counts as an update.
        if (entry.isUpdate) complete()
      }
    } finally {
      clearInterval(look)
      clearTimeout(relist)
      current = null
      again = null
      await leaveWatch(entries)
    }
  }

  function handle(entry: KvWatchEntry, keys: Set<string>): void {
    if (entry.operation === 'PUT') {
      keys.add(entry.key)
      options.onPut(entry.key, entry.value, entry.revision)
    } else {
      keys.delete(entry.key)
      options.onDelete(entry.key, entry.revision)
    }
  }

  async function relistAfterReconnects(): Promise<void> {
    for await (const status of bus.connection.status()) {
      if (stopped) return
      if (status.type === 'reconnect') again?.()
    }
  }

  return {
    start() {
      const started = new Promise<void>((resolve) => {
        firstListing = resolve
      })
      void follow()
      relistAfterReconnects().catch((error: unknown) =>
        logger.error({ err: error }, 'watching the NATS connection failed'),
      )
      return started
    },
    stop() {
      stopped = true
      current?.stop()
    },
  }
}
