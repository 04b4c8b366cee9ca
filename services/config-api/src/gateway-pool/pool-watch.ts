import { createBucketWatch } from '@iomt/bus/bucket-watch'
import type { Bus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { GATEWAY_LEASES_BUCKET, GATEWAY_MEMBERS_BUCKET } from '@iomt/contracts/buckets'
import { compileMessage } from '@iomt/contracts/compile-message'
import { GatewayMember } from '@iomt/contracts/gateway-member'
import { PartitionLease } from '@iomt/contracts/partition-lease'
import { RebalanceReceipt } from '@iomt/contracts/rebalance-receipt'
import type { GatewayPool } from '@iomt/contracts/rest/gateway-pool'
import { GATEWAY_STREAM } from '@iomt/contracts/streams'
import type { Logger } from 'pino'
import { createPoolView } from './pool-view.ts'

const REBALANCES_SHOWN = 50

/** Follows the gateway pool over NATS. */
export interface PoolWatch {
  /** Begins to follow; call once, when NATS has been reached. */
  start(bus: Bus): void
  /** Null while NATS cannot be reached. */
  read(bus: Bus | null): Promise<GatewayPool | null>
  stop(): void
}

export function createPoolWatch(logger: Logger): PoolWatch {
  const view = createPoolView()
  const member = compileMessage(GatewayMember)
  const lease = compileMessage(PartitionLease)
  const receipt = compileMessage(RebalanceReceipt)
  const watches: { stop(): void }[] = []

  function follow(
    bus: Bus,
    bucket: string,
    onPut: (key: string, value: unknown) => void,
    onDelete: (key: string) => void,
  ) {
    const watch = createBucketWatch({
      bus,
      bucket,
      logger,
      onPut: (key, value) => onPut(key, parse(value)),
      onDelete,
      onListed() {},
    })
    watches.push(watch)
    void watch.start()
  }

  return {
    start(bus) {
      follow(
        bus,
        GATEWAY_MEMBERS_BUCKET,
        (key, value) => {
          const seen = member.known(value)
          if (seen) view.memberSeen(key, seen, performance.now())
        },
        (key) => view.memberGone(key),
      )
      follow(
        bus,
        GATEWAY_LEASES_BUCKET,
        (_key, value) => {
          const seen = lease.known(value)
          if (seen) view.leaseSeen(seen)
        },
        (key) => view.leaseGone(Number(key)),
      )
    },
    async read(bus) {
      if (!bus) return null
      await ensureStreams(bus, [GATEWAY_STREAM])
      const { state } = await bus.manager.streams.info(GATEWAY_STREAM.name)
      const first = Math.max(1, state.first_seq, state.last_seq - REBALANCES_SHOWN + 1)
      const sequences = Array.from(
        { length: Math.max(0, state.last_seq - first + 1) },
        (_, index) => state.last_seq - index,
      )
      const rebalances = await Promise.all(
        sequences.map(async (seq) => {
          // A message may have been evicted or deleted since: the others are still worth showing.
          const stored = await bus.manager.streams.getMessage(GATEWAY_STREAM.name, { seq }).catch(() => null)
          return receipt.known(stored && parse(stored.data)) ?? []
        }),
      )
      return { ...view.at(performance.now()), rebalances: rebalances.flat() }
    },
    stop() {
      for (const watch of watches) watch.stop()
    },
  }
}

function parse(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8'))
  } catch {
    return null
  }
}
