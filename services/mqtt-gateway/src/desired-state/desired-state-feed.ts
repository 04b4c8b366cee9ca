import { createBucketWatch } from '@iomt/bus/bucket-watch'
import type { Bus } from '@iomt/bus/connect'
import { parseSocketConfigKey, SOCKET_CONFIG_BUCKET } from '@iomt/contracts/buckets'
import type { Logger } from 'pino'
import { type FollowedState, followedState } from './followed-state.ts'

/**
 * Milliseconds for which a socket is kept whose key is gone without a delete marker. Somebody lost the bucket; config-api's
 * sweep puts the keys back, and unsubscribing meanwhile would throw away what the broker queues for us.
 */
const MISSING_GRACE = 600_000

export interface DesiredStateFeedOptions {
  readonly bus: Bus
  readonly logger: Logger
  readonly now: () => number
  /** A socket is new, changed, or (null) gone. */
  readonly onChange: (partition: number, socketId: string, state: FollowedState | null) => void
}

/** The desired state of every socket, as config-api writes it to the key-value bucket. */
export interface DesiredStateFeed {
  /** Resolves when every socket there is has been reported once. */
  start(): Promise<void>
  stop(): void
  /** The sockets of a partition. */
  ofPartition(partition: number): FollowedState[]
  readonly size: number
}

/**
 * Holds the whole bucket (about 1 KB a socket), not only the owned partitions: a partition that is taken over is connected
 * without asking anybody first.
 */
export function createDesiredStateFeed(options: DesiredStateFeedOptions): DesiredStateFeed {
  const { logger, now, onChange } = options
  const partitions = new Map<number, Map<string, FollowedState>>()
  const missingSince = new Map<string, number>()
  let size = 0

  function store(key: string, value: Uint8Array): void {
    const parts = parseSocketConfigKey(key)
    const state = parts ? parse(key, value) : null
    if (!parts || !state) return
    const sockets = partitions.get(parts.partition) ?? new Map<string, FollowedState>()
    partitions.set(parts.partition, sockets)
    const before = sockets.get(parts.socketId)
    if (state.notUnderstood !== undefined) {
      const then =
        before && before.notUnderstood === undefined ? 'keeping the last one' : 'its payloads become dead letters'
      logger.error(
        { socket: key, reason: state.notUnderstood },
        `a payload_config is not known to this version; ${then}`,
      )
      if (before && before.notUnderstood === undefined) return
    }
    // A listing repeats what we know; only differences are news.
    if (before && JSON.stringify(before) === JSON.stringify(state)) return
    if (!before) size += 1
    sockets.set(parts.socketId, state)
    onChange(parts.partition, parts.socketId, state)
  }

  function remove(key: string): void {
    missingSince.delete(key)
    const parts = parseSocketConfigKey(key)
    if (!parts || !partitions.get(parts.partition)?.delete(parts.socketId)) return
    size -= 1
    onChange(parts.partition, parts.socketId, null)
  }

  function parse(key: string, value: Uint8Array): FollowedState | null {
    try {
      const state = followedState(JSON.parse(Buffer.from(value).toString('utf8')))
      if (!('violations' in state)) return state
      logger.error(
        { socket: key, violations: state.violations },
        'desired state does not fit the contract; keeping the last one',
      )
    } catch {
      logger.error({ socket: key }, 'desired state is not JSON; keeping the last one')
    }
    return null
  }

  function reconcileListing(keys: ReadonlySet<string>): void {
    let missing = 0
    for (const [partition, sockets] of partitions) {
      for (const socketId of [...sockets.keys()]) {
        const key = `${partition}.${socketId}`
        if (keys.has(key)) {
          missingSince.delete(key)
          continue
        }
        missing += 1
        const since = missingSince.get(key) ?? now()
        missingSince.set(key, since)
        if (now() - since > MISSING_GRACE) remove(key)
      }
    }
    if (missing > 0)
      logger.error({ missing }, 'sockets are missing from the bucket without having been deleted; keeping them for now')
  }

  const watch = createBucketWatch({
    bus: options.bus,
    bucket: SOCKET_CONFIG_BUCKET,
    logger,
    onPut: store,
    onDelete: remove,
    onListed: reconcileListing,
  })

  return {
    start: () => watch.start(),
    stop: () => watch.stop(),
    ofPartition: (partition) => [...(partitions.get(partition)?.values() ?? [])],
    get size() {
      return size
    },
  }
}
