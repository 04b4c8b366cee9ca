import { createBucketWatch } from '@iomt/bus/bucket-watch'
import type { Bus } from '@iomt/bus/connect'
import { isRevisionConflict } from '@iomt/bus/errors'
import type { CompiledSchema } from '@iomt/contracts/compile-schema'
import { jetstreamManager } from '@nats-io/jetstream'
import { headers } from '@nats-io/nats-core'
import type { Logger } from 'pino'
import type { CompareAndSetStore, Entry } from './compare-and-set-store.ts'
import { RELIST } from './lease-timing.ts'

export interface NatsStoreOptions<Value> {
  readonly bus: Bus
  readonly bucket: string
  readonly schema: CompiledSchema<Value & object>
  readonly logger: Logger
  /** Milliseconds for an answer to a read or write. */
  readonly timeout: number
}

/** The header by which a key-value bucket tells a removed key from a value. */
const OPERATION = 'KV-Operation'

/**
 * A compare-and-set store on a NATS key-value bucket. It writes to the bucket's stream itself: the client's `create` and
 * `delete` wait 5 s for an answer, its `get` may be answered by a replica that is behind (ADR-8), and a gateway fences itself
 * after 2 s.
 */
export async function createNatsStore<Value>(options: NatsStoreOptions<Value>): Promise<CompareAndSetStore<Value>> {
  const { bus, bucket, schema, logger, timeout } = options
  const manager = await jetstreamManager(bus.connection, { timeout, checkAPI: false })
  const subjectOf = (key: string) => `$KV.${bucket}.${key}`

  function parse(key: string, bytes: Uint8Array): Value | null {
    try {
      const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
      if (schema.check(value)) return value
      logger.error({ bucket, key, violations: schema.violations(value, 3) }, 'a value does not fit the contract')
    } catch {
      logger.error({ bucket, key }, 'a value is not JSON')
    }
    return null
  }

  /** The newest message of the key, also where it says that the key was removed. Asked of the leader, never of a replica. */
  async function newest(key: string): Promise<{ value: Value | null; revision: number } | null> {
    const message = await manager.streams.getMessage(`KV_${bucket}`, { last_by_subj: subjectOf(key) })
    if (!message) return null
    const removed = (message.header?.get(OPERATION) ?? '') !== ''
    return { value: removed ? null : parse(key, message.data), revision: message.seq }
  }

  async function publish(key: string, payload: string, expected: number, operation?: string): Promise<number | null> {
    const header = headers()
    if (operation) header.set(OPERATION, operation)
    try {
      const stored = await bus.jetstream.publish(subjectOf(key), payload, {
        headers: header,
        expect: { lastSubjectSequence: expected },
        timeout,
      })
      return stored.seq
    } catch (error) {
      if (isRevisionConflict(error)) return null
      throw error
    }
  }

  return {
    async read(key) {
      const found = await newest(key)
      return found && found.value !== null ? { value: found.value, revision: found.revision } : null
    },
    async write(key, value, expected) {
      const payload = JSON.stringify(value)
      const revision = await publish(key, payload, expected)
      if (revision !== null || expected !== 0) return revision
      // A removed key still has a revision, that of its marker.
      const found = await newest(key)
      return found && found.value === null ? await publish(key, payload, found.revision) : null
    },
    remove: async (key, expected) => (await publish(key, '', expected, 'DEL')) !== null,
    incarnation: async () => (await manager.streams.info(`KV_${bucket}`)).created,
    follow(observer) {
      let listing: { incarnation: string; entries: Map<string, Entry<Value>> } | null = null
      const watch = createBucketWatch({
        bus,
        bucket,
        logger,
        relistInterval: RELIST,
        onListing(created) {
          listing = { incarnation: created, entries: new Map() }
        },
        onPut(key, bytes, revision) {
          const value = parse(key, bytes)
          if (!listing) observer.changed({ key, value, revision })
          else if (value !== null) listing.entries.set(key, { value, revision })
        },
        onDelete(key, revision) {
          if (listing) listing.entries.delete(key)
          else observer.changed({ key, value: null, revision })
        },
        onListed() {
          if (!listing) return
          const complete = listing
          listing = null
          observer.listed(complete)
        },
      })
      void watch.start()
      return { stop: () => watch.stop() }
    },
  }
}
