import type { GatewayMember } from '@iomt/contracts/gateway-member'
import type { PartitionLease } from '@iomt/contracts/partition-lease'
import { PARTITION_COUNT } from '@iomt/contracts/partitions'
import type { GatewayPool, PoolMember } from '@iomt/contracts/rest/gateway-pool'

/** Milliseconds; what the gateways themselves take for dead (services/mqtt-gateway, lease timing). */
const SILENT_AFTER = 3_000

interface SeenMember {
  readonly member: GatewayMember
  readonly seenAt: number
  readonly messagesPerSecond: number | null
}

/** The pool as its two buckets tell it. No I/O; times are ms of a clock that only goes forward. */
export interface PoolView {
  memberSeen(key: string, member: GatewayMember, now: number): void
  memberGone(key: string): void
  leaseSeen(lease: PartitionLease): void
  leaseGone(partition: number): void
  /** Everything but the rebalances. */
  at(now: number): Omit<GatewayPool, 'rebalances'>
}

export function createPoolView(): PoolView {
  const members = new Map<string, SeenMember>()
  const owners = new Map<number, string>()

  function describe({ member, seenAt, messagesPerSecond }: SeenMember, now: number): PoolMember {
    const silent = now - seenAt > SILENT_AFTER
    return {
      gateway: member.gateway,
      status: silent ? 'silent' : member.draining ? 'draining' : 'alive',
      started_at: member.started_at,
      last_seen_seconds: Math.round(now - seenAt) / 1_000,
      partitions: [...owners]
        .flatMap(([partition, owner]) => (owner === member.gateway ? [partition] : []))
        .sort((a, b) => a - b),
      sockets: member.sockets,
      connections: member.connections,
      messages_per_second: silent ? 0 : messagesPerSecond,
    }
  }

  return {
    memberSeen(key, member, now) {
      const before = members.get(key)
      if (member.ended) {
        members.delete(key)
        return
      }
      // A listing repeats a value: only another beat is a proof of life.
      if (before && before.member.life === member.life && before.member.beat === member.beat) return
      members.set(key, { member, seenAt: now, messagesPerSecond: rate(before, member, now) })
    },
    memberGone(key) {
      members.delete(key)
    },
    leaseSeen(lease) {
      if (lease.owner === null) owners.delete(lease.partition)
      else owners.set(lease.partition, lease.owner)
    },
    leaseGone(partition) {
      owners.delete(partition)
    },
    at(now) {
      const listed = [...members.values()].map((member) => describe(member, now))
      listed.sort((one, other) => one.gateway.localeCompare(other.gateway, 'en', { numeric: true }))
      const alive = new Set(listed.filter((member) => member.status !== 'silent').map((member) => member.gateway))
      const unowned = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition).filter((partition) => {
        const owner = owners.get(partition)
        return owner === undefined || !alive.has(owner)
      })
      return {
        members: listed,
        partitions: { total: PARTITION_COUNT, owned: PARTITION_COUNT - unowned.length, unowned },
      }
    },
  }
}

function rate(before: SeenMember | undefined, member: GatewayMember, now: number): number | null {
  if (!before || before.member.life !== member.life || now === before.seenAt) return null
  return Math.round(((member.messages - before.member.messages) / (now - before.seenAt)) * 10_000) / 10
}
