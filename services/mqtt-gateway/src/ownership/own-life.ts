import type { GatewayMember } from '@iomt/contracts/gateway-member'
import type { Logger } from 'pino'
import { type Clock, pause } from './clock.ts'
import type { CompareAndSetStore } from './compare-and-set-store.ts'
import { BEAT, DEAD_AFTER, FENCE_AFTER, RETRY } from './lease-timing.ts'

/** Another process with this gateway's id is alive. */
class DuplicateGatewayIdError extends Error {
  override readonly name = 'DuplicateGatewayIdError'

  constructor(gateway: string) {
    super(`another gateway with the id ${gateway} is alive; give each gateway of the pool a GATEWAY_ID of its own`)
  }
}

export interface OwnLifeOptions {
  readonly gateway: string
  readonly members: CompareAndSetStore<GatewayMember>
  readonly clock: Clock
  readonly logger: Logger
  /** A token that was never used before. */
  readonly newLife: () => string
  /** The rest of the value to write. */
  readonly describe: () => Omit<GatewayMember, 'v' | 'gateway' | 'life' | 'beat' | 'ended'>
  /** False while something of the last life is still connected: a new life tells everybody that the last one let go. */
  readonly hasLetGo: () => boolean
  /** The life of an earlier process with this id is over: its key stood still for long enough, or held its last word. */
  readonly onSucceeded: (life: string) => void
  /** A life has begun: claims may be made. */
  readonly onBegun: () => void
  /** It is over: everything held must go. Called at once when it is noticed, before anything else is decided. */
  readonly onEnded: (reason: string) => void
}

/**
 * This member's proof of life: its key in the member store, rewritten every second by compare-and-set. A life is valid until
 * {@link FENCE_AFTER} after the *sending* of the last write that was acknowledged. Then it is over for good, and the next one has
 * another token: who sees the old token may conclude that everything held under it has been given up.
 */
export interface OwnLife {
  /**
   * Resolves when the first life has begun.
   *
   * @throws DuplicateGatewayIdError when another process has this id and is alive.
   */
  begin(): Promise<void>
  /** Rejects with a DuplicateGatewayIdError as soon as another process with this id is seen to be alive; else pending. */
  readonly displaced: Promise<never>
  /** The life that is valid right now, or null. Cheap; looks at the clock, so it is right even after a freeze. */
  current(): string | null
  /** Was this token made by this process? */
  wasOurs(life: string): boolean
  /** When the last acknowledged beat of a life of this process that is over was sent. */
  lastProofOf(life: string): number | null
  /** True once a beat that was sent after the call is acknowledged, false once this life is over. */
  confirm(life: string): Promise<boolean>
  /** Writes a beat now; resolves when it was tried. */
  beat(): Promise<void>
  /** Ends the life by a last word and removes the key. */
  leave(): Promise<void>
}

/** Milliseconds in which those who want a proof gather for one beat. */
const GATHER = 20
/** Milliseconds between looks at a key of ours that another process has left, or still holds. */
const LOOK = 250

export function createOwnLife(options: OwnLifeOptions): OwnLife {
  const { gateway, members, clock, logger } = options
  /** By token, when it was proved last. */
  const ours = new Map<string, number>()
  let life: string | null = null
  let revision = 0
  let beats = 0
  let provenAt = Number.NEGATIVE_INFINITY
  let predecessor: { life: string; beat: number; since: number } | null = null
  let duplicateReported = false
  let stopped = false
  let cancelDeadline = () => {}
  let cancelPause = () => {}
  let attempts: Promise<void> = Promise.resolve()
  let nextProof: Promise<void> | null = null
  const begun = Promise.withResolvers<void>()
  begun.promise.catch(() => undefined)
  const displaced = Promise.withResolvers<never>()
  displaced.promise.catch(() => undefined)

  /** Life and beat together name one write, whichever bucket it is in and whatever its revision. */
  function memberValue(token: string, last = false): GatewayMember {
    beats += 1
    return { v: 1, gateway, life: token, beat: beats, ended: last, ...options.describe() }
  }

  function end(reason: string): void {
    if (life === null) return
    life = null
    cancelDeadline()
    options.onEnded(reason)
  }

  function endIfUnproven(): void {
    if (life !== null && clock.now() - provenAt >= FENCE_AFTER) end('no write of a beat was acknowledged in time')
  }

  function proved(sentAt: number): void {
    provenAt = sentAt
    if (life !== null) ours.set(life, sentAt)
    cancelDeadline()
    cancelDeadline = clock.after(sentAt + FENCE_AFTER - clock.now(), endIfUnproven)
  }

  /** @returns milliseconds until the next attempt. */
  async function attempt(): Promise<number> {
    endIfUnproven()
    const sentAt = clock.now()
    try {
      const wait = life === null ? await enter() : await prove(life, sentAt)
      return Math.max(0, wait - (clock.now() - sentAt))
    } catch (error) {
      logger.debug({ err: error }, 'no answer to a beat; trying again')
      return RETRY
    }
  }

  async function prove(token: string, sentAt: number): Promise<number> {
    const written = await members.write(gateway, memberValue(token), revision)
    // The clock first: an answer that was waited for too long must not save a life that is over.
    endIfUnproven()
    if (life !== token) return 0
    if (written !== null) {
      revision = written
      proved(sentAt)
      return BEAT
    }
    const found = await members.read(gateway)
    if (found && found.value.life === token && !found.value.ended) {
      // A beat of ours that we had given up was written after all.
      revision = found.revision
      return 0
    }
    end(found && found.value.life !== token ? 'another process has this id' : 'this gateway was declared dead')
    return 0
  }

  async function enter(): Promise<number> {
    if (!options.hasLetGo()) return RETRY
    const found = await members.read(gateway)
    const theirs = found && !found.value.ended && !ours.has(found.value.life) ? found : null
    if (theirs && !hasStoodStill(theirs.value)) return LOOK
    const token = options.newLife()
    const sentAt = clock.now()
    ours.set(token, sentAt)
    const written = await members.write(gateway, memberValue(token), found?.revision ?? 0)
    if (written === null) return RETRY
    revision = written
    if (found && !ours.has(found.value.life)) options.onSucceeded(found.value.life)
    if (clock.now() - sentAt >= FENCE_AFTER || stopped) return 0
    life = token
    predecessor = null
    duplicateReported = false
    proved(sentAt)
    options.onBegun()
    begun.resolve()
    return BEAT
  }

  /** A process that was killed leaves its key; one that lives changes it every second. */
  function hasStoodStill(member: GatewayMember): boolean {
    const now = clock.now()
    if (predecessor?.life !== member.life || predecessor.beat !== member.beat) {
      const changed = predecessor?.life === member.life
      predecessor = { life: member.life, beat: member.beat, since: now }
      // One that is leaving will be gone soon: a restart in place.
      if (changed && !member.draining) reportDuplicate()
    }
    return now - predecessor.since >= DEAD_AFTER
  }

  function reportDuplicate(): void {
    const error = new DuplicateGatewayIdError(gateway)
    displaced.reject(error)
    if (!duplicateReported) logger.error({ gateway }, `${error.message}; holding nothing until it is gone`)
    duplicateReported = true
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const attempted = attempt()
      attempts = attempted.then(() => undefined)
      const wait = await attempted
      if (stopped) return
      await new Promise<void>((resolve) => {
        const cancel = clock.after(wait, resolve)
        cancelPause = () => {
          cancel()
          resolve()
        }
      })
    }
  }

  function current(): string | null {
    endIfUnproven()
    return life
  }

  async function beat(): Promise<void> {
    // The attempt under way may have described what was true before.
    await attempts
    cancelPause()
    await Promise.resolve()
    await attempts
  }

  async function proveSoon(): Promise<void> {
    await pause(clock, GATHER)
    nextProof = null
    await beat()
  }

  async function confirm(token: string): Promise<boolean> {
    const askedAt = clock.now()
    while (current() === token && provenAt < askedAt) {
      nextProof ??= proveSoon()
      await nextProof
    }
    return current() === token
  }

  return {
    async begin() {
      void run()
      try {
        await Promise.race([begun.promise, displaced.promise])
      } catch (error) {
        stopped = true
        cancelPause()
        throw error
      }
    },
    displaced: displaced.promise,
    current,
    confirm,
    beat,
    wasOurs: (token) => ours.has(token),
    lastProofOf: (token) => ours.get(token) ?? null,
    async leave() {
      stopped = true
      cancelPause()
      begun.reject(new Error('the gateway was stopped'))
      await attempts
      const token = life
      cancelDeadline()
      life = null
      if (token === null) return
      try {
        const last = await members.write(gateway, memberValue(token, true), revision)
        if (last !== null) await members.remove(gateway, last)
      } catch (error) {
        logger.warn({ err: error }, 'cannot say goodbye; the others will notice')
      }
    },
  }
}
