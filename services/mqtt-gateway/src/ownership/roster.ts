import type { GatewayMember } from '@iomt/contracts/gateway-member'
import type { Change, Entry, Listing } from './compare-and-set-store.ts'
import { DEAD_AFTER, PROVEN_AFTER } from './lease-timing.ts'

/** `unknown`: a lease names a life that this roster has not seen; somebody has to look. */
export type LifeState = 'alive' | 'ended' | 'unknown'

/** Another member, not known to be dead. */
export interface OtherMember {
  readonly gateway: string
  readonly draining: boolean
  /** Seen alive for long enough to be given something. */
  readonly proven: boolean
  readonly leaseBucket: string | null
}

/** A member that gave no proof of life for too long. */
export interface OverdueMember {
  readonly member: GatewayMember
  readonly revision: number
}

interface Sighting {
  member: GatewayMember
  revision: number
  readonly firstSeenAt: number
  /** By our own clock; what the member writes about time is never looked at. */
  changedAt: number
  changes: number
  /** Since when the key seems to be gone without a last word. Listings may be old news: it has to be read. */
  doubtfulSince: number | null
  /** A read that was sent after the doubt came up has found nothing. */
  absent: boolean
}

interface Suspect {
  readonly gateway: string
  readonly since: number
  absentSince: number | null
}

/**
 * What is known of the other members: who is alive, and which lives are over. A life that is over stays over, so late news can
 * only delay a decision, never make it wrong. `now` is always monotonic time of this process.
 *
 * A life is over when its key was seen to change to a last word (`ended`) or to another life: both are written by compare-and-set, by
 * the member itself after it had stopped or by somebody who had seen no change for {@link DEAD_AFTER}. Without having seen that
 * change (a lost bucket, an operator, a life from before our time), a life is over DEAD_AFTER later.
 */
export interface Roster {
  listed(listing: Listing<GatewayMember>, now: number): void
  changed(change: Change<GatewayMember>, now: number): void
  /** The answer to a read that was sent at `sentAt`. */
  read(gateway: string, entry: Entry<GatewayMember> | null, sentAt: number, now: number): void
  /** A lease names this life. */
  mentioned(gateway: string, life: string, now: number): void
  /** It was proved in another way that this life is over: by a last word that we wrote, or as its successor. */
  end(gateway: string, life: string, now: number): void
  /** Ends the lives whose key has been gone for long enough. */
  expire(now: number): void
  others(now: number): OtherMember[]
  overdue(now: number): OverdueMember[]
  /** Those whose key has to be read. */
  doubtful(): { gateway: string; life: string }[]
  lifeState(life: string): LifeState
  /** When the last proof of life of a life that is over was seen. */
  lastBeatOf(life: string): number | null
}

/** Lives that are over are remembered for leases that name them; a lease is taken within seconds. */
const REMEMBERED_LIVES = 10_000

export function createRoster(self: string): Roster {
  let incarnation: string | null = null
  let incarnationSince = Number.NEGATIVE_INFINITY
  const sightings = new Map<string, Sighting>()
  const suspects = new Map<string, Suspect>()
  const ended = new Map<string, number>()

  function end(life: string, lastBeatAt: number): void {
    suspects.delete(life)
    if (ended.has(life)) return
    ended.set(life, lastBeatAt)
    if (ended.size > REMEMBERED_LIVES) ended.delete(ended.keys().next().value as string)
  }

  function put(gateway: string, { value: member, revision }: Entry<GatewayMember>, now: number): void {
    const known = sightings.get(gateway)
    // Lives do not come back: this is late news.
    if ((known && revision <= known.revision) || (ended.has(member.life) && !member.ended)) return
    if (known && known.member.life !== member.life) {
      // After an absence the other life may be another process that found no key, and has proved nothing.
      if (known.doubtfulSince !== null) suspect(known.member.life, gateway, known.absent ? known.changedAt : now)
      else end(known.member.life, known.changedAt)
    }
    if (member.ended) {
      end(member.life, known?.member.life === member.life ? known.changedAt : now)
      sightings.delete(gateway)
    } else if (!known || known.member.life !== member.life) {
      sightings.set(gateway, {
        member,
        revision,
        firstSeenAt: now,
        changedAt: now,
        changes: 0,
        doubtfulSince: null,
        absent: false,
      })
      suspects.delete(member.life)
    } else {
      Object.assign(known, {
        member,
        revision,
        changedAt: now,
        changes: known.changes + 1,
        doubtfulSince: null,
        absent: false,
      })
    }
  }

  function suspect(life: string, gateway: string, absentSince: number): void {
    if (!ended.has(life)) suspects.set(life, { gateway, since: absentSince, absentSince })
  }

  function doubt(gateway: string, now: number): void {
    const known = sightings.get(gateway)
    if (known) known.doubtfulSince ??= now
  }

  function readSighting(gateway: string, entry: Entry<GatewayMember> | null, sentAt: number, now: number): void {
    const known = sightings.get(gateway)
    if (entry) put(gateway, entry, now)
    else doubt(gateway, now)
    if (!known || known.absent || known.doubtfulSince === null || sentAt < known.doubtfulSince) return
    if (entry?.revision === known.revision) known.doubtfulSince = null
    else if (!entry) Object.assign(known, { absent: true, changedAt: now })
  }

  return {
    listed(listing, now) {
      // Revisions of another incarnation say nothing about the order.
      if (listing.incarnation !== incarnation) {
        incarnationSince = now
        for (const [gateway, known] of sightings) {
          known.revision = 0
          doubt(gateway, now)
        }
      }
      incarnation = listing.incarnation
      for (const [gateway, entry] of listing.entries) if (gateway !== self) put(gateway, entry, now)
      for (const gateway of [...sightings.keys()]) if (!listing.entries.has(gateway)) doubt(gateway, now)
    },
    changed({ key, value, revision }, now) {
      if (key === self) return
      if (value) put(key, { value, revision }, now)
      else if (revision > (sightings.get(key)?.revision ?? 0)) doubt(key, now)
    },
    read(gateway, entry, sentAt, now) {
      // An answer from the bucket that was lost: its revisions mean nothing here.
      if (sentAt < incarnationSince) return
      if (gateway !== self) readSighting(gateway, entry, sentAt, now)
      for (const [life, suspect] of suspects) {
        // An answer to a question from before the lease was seen may be older than the lease.
        if (suspect.gateway !== gateway || sentAt < suspect.since) continue
        if (entry?.value.life !== life) suspect.absentSince ??= now
        else if (entry.value.ended) end(life, now)
        // It is there: whatever an earlier read has found, it was not over.
        else suspect.absentSince = null
      }
    },
    mentioned(gateway, life, now) {
      if (ended.has(life) || suspects.has(life)) return
      if (sightings.get(gateway)?.member.life !== life) suspects.set(life, { gateway, since: now, absentSince: null })
    },
    end(gateway, life, now) {
      const known = sightings.get(gateway)
      const isKnown = known?.member.life === life
      end(life, isKnown ? known.changedAt : now)
      if (isKnown) sightings.delete(gateway)
    },
    expire(now) {
      for (const [gateway, known] of sightings) {
        if (!known.absent || now - known.changedAt < DEAD_AFTER) continue
        end(known.member.life, known.changedAt)
        sightings.delete(gateway)
      }
      for (const [life, { absentSince }] of suspects) {
        if (absentSince !== null && now - absentSince >= DEAD_AFTER) end(life, absentSince)
      }
    },
    others: (now) =>
      [...sightings].map(([gateway, known]) => ({
        gateway,
        draining: known.member.draining,
        proven: known.changes > 0 && known.doubtfulSince === null && now - known.firstSeenAt >= PROVEN_AFTER,
        leaseBucket: known.member.lease_bucket,
      })),
    overdue: (now) =>
      [...sightings.values()].filter(({ absent, changedAt }) => !absent && now - changedAt >= DEAD_AFTER),
    doubtful: () =>
      [...sightings]
        .filter(([, { doubtfulSince, absent }]) => doubtfulSince !== null && !absent)
        .map(([gateway, { member }]) => ({ gateway, life: member.life })),
    lifeState(life) {
      if (ended.has(life)) return 'ended'
      return [...sightings.values()].some(({ member }) => member.life === life) ? 'alive' : 'unknown'
    },
    lastBeatOf: (life) => ended.get(life) ?? null,
  }
}
