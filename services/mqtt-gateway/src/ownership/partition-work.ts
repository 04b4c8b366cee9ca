import type { PartitionLease } from '@iomt/contracts/partition-lease'
import type { Rebalance, RebalanceCause } from '@iomt/contracts/rebalance'
import type { Logger } from 'pino'
import { type Clock, pause } from './clock.ts'
import type { CompareAndSetStore } from './compare-and-set-store.ts'
import type { Tenure } from './decide.ts'
import type { LeaseBook } from './lease-book.ts'
import { RETRY } from './lease-timing.ts'
import type { OwnLife } from './own-life.ts'
import type { OwnershipListener, RevocationReason } from './partition-ownership.ts'
import type { Roster } from './roster.ts'

/** A partition that is connected here, or still being let go. */
export interface HeldPartition extends Tenure {
  state: 'held' | 'revoking'
  readonly life: string
  readonly epoch: number
}

export interface PartitionWorkOptions {
  readonly gateway: string
  readonly leases: CompareAndSetStore<PartitionLease>
  readonly book: LeaseBook
  readonly roster: Roster
  readonly own: OwnLife
  readonly held: Map<number, HeldPartition>
  readonly clock: Clock
  /** Wall clock, only for what people read. */
  readonly wallNow: () => number
  readonly logger: Logger
  readonly listener: OwnershipListener
  readonly onRebalance: (rebalance: Rebalance) => void
}

/** The four things that are done with one partition. Never two of them at once for the same partition. */
export interface PartitionWork {
  take(partition: number, revision: number): Promise<void>
  handOver(partition: number, cause: 'join' | 'leave'): Promise<void>
  drop(partition: number): Promise<void>
  free(partition: number, revision: number): Promise<void>
}

export function createPartitionWork(options: PartitionWorkOptions): PartitionWork {
  const { gateway, leases, book, roster, own, held, clock, wallNow, logger, listener } = options
  const isoAt = (monotonic: number) => new Date(wallNow() - (clock.now() - monotonic)).toISOString()

  /** @returns the revision written; null when it was not, or when nobody knows: then the lease is read before anything else. */
  async function write(lease: PartitionLease, expected: number): Promise<number | null> {
    const { partition } = lease
    const sentAt = clock.now()
    try {
      const revision = await leases.write(String(partition), lease, expected)
      if (revision !== null) {
        book.answered({ key: String(partition), value: lease, revision }, sentAt, clock.now())
        return revision
      }
    } catch (error) {
      logger.debug({ partition, err: error }, 'no answer to the change of a lease')
    }
    await readAgain(partition)
    return null
  }

  async function readAgain(partition: number): Promise<void> {
    const known = book.get(partition)
    const sentAt = clock.now()
    try {
      const entry = await leases.read(String(partition))
      if (entry) book.answered({ key: String(partition), ...entry }, sentAt, clock.now())
    } catch (error) {
      logger.debug({ partition, err: error }, 'cannot read a lease')
    }
    // Nothing new: doing the same at once would fail the same way.
    if (book.get(partition) === known) await pause(clock, RETRY)
  }

  /**
   * A compare-and-set cannot say which bucket it was done in: in one that was just lost and made again, a key that somebody else
   * holds is not there either.
   */
  async function isStill(incarnation: string): Promise<boolean> {
    const found = await leases.incarnation().catch(() => null)
    if (found !== incarnation) await pause(clock, RETRY)
    return found === incarnation
  }

  async function letGo(partition: number, reason: RevocationReason): Promise<void> {
    try {
      await listener.revoked(partition, reason)
    } catch (error) {
      logger.error({ partition, err: error }, 'cannot let go of a partition properly')
    }
    held.delete(partition)
  }

  /** What the lease says about why it can be taken, and since when the partition has had no owner. */
  function history(partition: number): { from: string | null; cause: RebalanceCause; since: number | null } {
    const lease = book.get(partition)
    if (!lease?.value) return { from: null, cause: 'start', since: null }
    const { value, seenAt } = lease
    if (value.owner === null || value.life === null) {
      return { from: value.previous_owner, cause: value.cause, since: seenAt - (value.revoking_ms ?? 0) }
    }
    if (own.wasOurs(value.life)) return { from: gateway, cause: 'fence', since: own.lastProofOf(value.life) }
    return { from: value.owner, cause: 'crash', since: roster.lastBeatOf(value.life) }
  }

  return {
    async take(partition, revision) {
      const life = own.current()
      const { incarnation } = book
      if (life === null || incarnation === null) return
      const { from, cause, since } = history(partition)
      const detectedAt = clock.now()
      const epoch = book.lastEpoch(partition) + 1
      const changedAt = new Date(wallNow()).toISOString()
      const lease = { v: 1, partition, owner: gateway, life, epoch, previous_owner: from, cause } as const
      const taken = await write({ ...lease, revoking_ms: null, changed_at: changedAt }, revision)
      if (taken === null || !(await isStill(incarnation))) return
      // The clock decides: an answer that came too late is worth nothing, others may have taken it meanwhile. Nor is a lease in a
      // bucket that was lost since: others have been told that nothing is held by it.
      if (own.current() !== life || book.incarnation !== incarnation) return
      held.set(partition, { state: 'held', revision: taken, incarnation, life, epoch })
      options.onRebalance({
        partition,
        epoch,
        from,
        to: gateway,
        cause,
        detected_at: isoAt(detectedAt),
        acquired_at: isoAt(clock.now()),
        gap_ms: since === null ? null : Math.max(0, Math.round(clock.now() - since)),
      })
      try {
        await listener.acquired(partition)
      } catch (error) {
        logger.error({ partition, err: error }, 'cannot connect a partition that was acquired')
      }
    },
    async handOver(partition, cause) {
      const tenure = held.get(partition)
      const value = book.get(partition)?.value
      if (!tenure || !value) return
      tenure.state = 'revoking'
      const startedAt = clock.now()
      await letGo(partition, 'handover')
      // Fenced meanwhile: nobody waits for this release, and no answer may be had for it.
      if (own.current() !== tenure.life) return
      const revokingMs = Math.round(clock.now() - startedAt)
      await write(freed(value, cause, revokingMs), tenure.revision)
    },
    async drop(partition) {
      const tenure = held.get(partition)
      if (!tenure) return
      tenure.state = 'revoking'
      await letGo(partition, 'fence')
    },
    async free(partition, revision) {
      const value = book.get(partition)?.value
      if (value) await write(freed(value, 'fence', null), revision)
    },
  }

  function freed(value: PartitionLease, cause: RebalanceCause, revokingMs: number | null): PartitionLease {
    return {
      ...value,
      owner: null,
      life: null,
      previous_owner: value.owner,
      cause,
      revoking_ms: revokingMs,
      changed_at: new Date(wallNow()).toISOString(),
    }
  }
}
