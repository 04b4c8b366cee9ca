import type { PartitionLease } from '@iomt/contracts/partition-lease'
import type { Change, Listing } from './compare-and-set-store.ts'
import type { SeenLease } from './decide.ts'

/** The newest that was seen of a lease. */
interface BookedLease extends SeenLease {
  /** Null when the key was removed or is not understood: free, to be taken at its revision. */
  readonly value: PartitionLease | null
  /** When this revision was first seen, by our own clock. */
  readonly seenAt: number
}

/** Every lease as it was last seen, whichever way the news came. */
export interface LeaseBook {
  listed(listing: Listing<PartitionLease>, now: number): void
  changed(change: Change<PartitionLease>, now: number): void
  /** The outcome of a read or write that was sent at `sentAt`. */
  answered(change: Change<PartitionLease>, sentAt: number, now: number): void
  get(partition: number): BookedLease | undefined
  /** The highest epoch ever seen, also in a bucket that was lost: the next owner has a higher one. */
  lastEpoch(partition: number): number
  /** Believes nothing until the next complete listing. */
  forget(): void
  /** Null before the first complete listing. */
  readonly incarnation: string | null
}

export function createLeaseBook(): LeaseBook {
  let incarnation: string | null = null
  let incarnationSince = Number.NEGATIVE_INFINITY
  const leases = new Map<string, BookedLease>()
  const epochs = new Map<string, number>()

  function put({ key, value, revision }: Change<PartitionLease>, now: number): void {
    if (revision <= (leases.get(key)?.revision ?? 0)) return
    leases.set(key, { value, owner: value?.owner ?? null, life: value?.life ?? null, revision, seenAt: now })
    if (value) epochs.set(key, Math.max(value.epoch, epochs.get(key) ?? 0))
  }

  return {
    listed(listing, now) {
      if (listing.incarnation !== incarnation) {
        leases.clear()
        incarnationSince = now
      }
      incarnation = listing.incarnation
      // What a listing does not name may have been written since it was made: only a removal makes a lease free again.
      for (const [key, entry] of listing.entries) put({ key, ...entry }, now)
    },
    changed: put,
    forget() {
      incarnation = null
      leases.clear()
    },
    answered(change, sentAt, now) {
      // What a bucket said that was lost meanwhile is untrue in the new one, and a higher revision would hide that for ever.
      if (sentAt >= incarnationSince) put(change, now)
    },
    get: (partition) => leases.get(String(partition)),
    lastEpoch: (partition) => epochs.get(String(partition)) ?? 0,
    get incarnation() {
      return incarnation
    },
  }
}
