import type { GatewayMember } from '@iomt/contracts/gateway-member'
import type { PartitionLease } from '@iomt/contracts/partition-lease'
import { PARTITION_COUNT } from '@iomt/contracts/partitions'
import type { Rebalance } from '@iomt/contracts/rebalance'
import type { Logger } from 'pino'
import { createAsking } from './asking.ts'
import type { Clock } from './clock.ts'
import type { CompareAndSetStore, Following } from './compare-and-set-store.ts'
import { type Action, decide } from './decide.ts'
import { createLeaseBook } from './lease-book.ts'
import { TICK } from './lease-timing.ts'
import { createOwnLife } from './own-life.ts'
import type { OwnershipListener, PartitionOwnership } from './partition-ownership.ts'
import { createPartitionWork, type HeldPartition, type PartitionWork } from './partition-work.ts'
import { createRoster, type OverdueMember } from './roster.ts'

export interface OwnershipPoolOptions {
  /** Unique in the pool. */
  readonly gateway: string
  readonly members: CompareAndSetStore<GatewayMember>
  readonly leases: CompareAndSetStore<PartitionLease>
  readonly clock: Clock
  /** Wall clock, only for what people read. */
  readonly wallNow: () => number
  /** A token that was never used before, by anybody. */
  readonly newLife: () => string
  readonly logger: Logger
  readonly figures?: () => { sockets: number; connections: number; messages: number }
  /** Told of each partition that is acquired here. */
  readonly onRebalance?: (rebalance: Rebalance) => void
  readonly partitions?: number
}

/** Partitions given up at once: each closes MQTT connections, and those that wait keep theirs. */
const HANDOVERS_AT_ONCE = 8
/** Leases written at once when they are free. */
const TAKES_AT_ONCE = 32

/**
 * The ownership of a pool of gateways: each partition is owned by at most one of them, and by exactly one soon after
 * anything happens. {@link decide} says what to do, this does it, and looks again after each event, answer and {@link TICK}.
 */
export function createOwnershipPool(options: OwnershipPoolOptions): PartitionOwnership {
  const { gateway, members, leases, clock, wallNow, logger, partitions = PARTITION_COUNT } = options
  const startedAt = new Date(wallNow()).toISOString()
  const book = createLeaseBook()
  const roster = createRoster(gateway)
  const held = new Map<number, HeldPartition>()
  const busy = new Map<number, Action['kind']>()
  const ask = createAsking(clock, logger, evaluateSoon)
  let followingLeases: Following | null = null
  let followingMembers: Following | null = null
  let membersListed = false
  let draining = false
  let stopped = false
  let work: PartitionWork | null = null
  let evaluationDue = false
  let lives = 0
  let cancelTick = () => {}
  let onSettled: (() => void) | null = null

  const own = createOwnLife({
    gateway,
    members,
    clock,
    logger,
    newLife: options.newLife,
    describe: () => ({
      started_at: startedAt,
      draining,
      lease_bucket: allHeldIn(book.incarnation) ? book.incarnation : null,
      partitions: held.size,
      ...(options.figures?.() ?? { sockets: 0, connections: 0, messages: 0 }),
    }),
    hasLetGo: () => held.size === 0,
    onSucceeded: (life) => roster.end(gateway, life, clock.now()),
    onBegun() {
      // The bucket may have been lost while we were cut off: nothing of what we remember need be true.
      if (lives > 0) listLeasesAgain()
      lives += 1
      evaluateSoon()
    },
    onEnded(reason) {
      if (!stopped) logger.warn({ partitions: held.size, reason }, 'fenced: dropping every partition')
      for (const tenure of held.values()) tenure.state = 'revoking'
      evaluateSoon()
    },
  })

  const allHeldIn = (incarnation: string | null) =>
    [...held.values()].every((tenure) => tenure.incarnation === incarnation)

  /** In the next microtask: one decision for all events that arrive together. */
  function evaluateSoon(): void {
    if (evaluationDue || stopped) return
    evaluationDue = true
    queueMicrotask(() => {
      evaluationDue = false
      if (!stopped) evaluate()
    })
  }

  function evaluate(): void {
    const now = clock.now()
    const life = own.current()
    roster.expire(now)
    const actions = decide({
      partitions,
      gateway,
      life,
      draining,
      incarnation: membersListed ? book.incarnation : null,
      others: roster.others(now),
      overdue: roster.overdue(now),
      doubtful: roster.doubtful(),
      wasOurs: own.wasOurs,
      lifeState: roster.lifeState,
      lease: (partition) => book.get(partition),
      tenure: (partition) => held.get(partition),
      busy: (partition) => busy.has(partition),
    })
    for (const action of actions) execute(action)
    const listed = membersListed && book.incarnation !== null
    if (listed && life !== null && busy.size === 0) onSettled?.()
    if (draining && held.size === 0 && busy.size === 0) onSettled?.()
  }

  function execute(action: Action): void {
    switch (action.kind) {
      case 'take':
        if (countBusy('take') < TAKES_AT_ONCE) start(action, (todo) => todo.take(action.partition, action.revision))
        break
      case 'free':
        if (countBusy('free') < TAKES_AT_ONCE) start(action, (todo) => todo.free(action.partition, action.revision))
        break
      case 'hand-over':
        if (countBusy('hand-over') < HANDOVERS_AT_ONCE)
          start(action, (todo) => todo.handOver(action.partition, action.cause))
        break
      case 'drop':
        start(action, (todo) => todo.drop(action.partition))
        break
      case 'inspect':
        ask(action.life, () => inspect(action.gateway, action.life))
        break
      case 'declare-dead':
        ask(action.overdue.member.life, () => declareDead(action.overdue))
    }
  }

  function countBusy(kind: Action['kind']): number {
    let count = 0
    for (const other of busy.values()) if (other === kind) count += 1
    return count
  }

  function start(action: Action & { partition: number }, task: (work: PartitionWork) => Promise<void>): void {
    if (!work) return
    busy.set(action.partition, action.kind)
    task(work)
      .catch((error: unknown) => logger.error({ err: error, ...action }, 'a change of ownership failed'))
      .finally(() => {
        busy.delete(action.partition)
        evaluateSoon()
      })
      .catch(() => undefined)
  }

  async function inspect(member: string, life: string): Promise<void> {
    const sentAt = clock.now()
    roster.mentioned(member, life, sentAt)
    roster.read(member, await members.read(member), sentAt, clock.now())
  }

  /**
   * Writes the last word for a member that has been silent for too long. Only this proves that it was: where the key has been
   * changed meanwhile, and we have not heard of it, the compare-and-set fails. Read first: what we remember may be of a bucket that was
   * lost, and the answer says more than a refusal.
   */
  async function declareDead({ member, revision }: OverdueMember): Promise<void> {
    const sentAt = clock.now()
    const found = await members.read(member.gateway)
    if (found?.revision !== revision || found.value.life !== member.life || found.value.beat !== member.beat)
      return roster.read(member.gateway, found, sentAt, clock.now())
    const last = await members.write(member.gateway, { ...member, ended: true }, revision)
    if (last === null) return
    logger.warn({ member: member.gateway }, 'a gateway is dead; its partitions will be taken over')
    roster.end(member.gateway, member.life, clock.now())
    evaluateSoon()
    await members.remove(member.gateway, last)
  }

  function followMembers(): void {
    followingMembers?.stop()
    membersListed = false
    followingMembers = members.follow({
      listed(listing) {
        membersListed = true
        roster.listed(listing, clock.now())
        evaluateSoon()
      },
      changed(change) {
        roster.changed(change, clock.now())
        evaluateSoon()
      },
    })
  }

  function followLeases(): Following {
    return leases.follow({
      listed(listing) {
        const known = book.incarnation
        book.listed(listing, clock.now())
        if (known !== book.incarnation) {
          // Others take what is not there only after every member said that it knows this bucket, and so do we: who they are is
          // asked after the bucket was seen, so that no member is overlooked that holds something by the bucket before.
          followMembers()
          void own.beat()
        }
        evaluateSoon()
      },
      changed(change) {
        book.changed(change, clock.now())
        evaluateSoon()
      },
    })
  }

  function listLeasesAgain(): void {
    followingLeases?.stop()
    book.forget()
    followingLeases = followLeases()
  }

  function tick(): void {
    cancelTick = clock.after(TICK, () => {
      evaluateSoon()
      tick()
    })
  }

  function end(): void {
    stopped = true
    cancelTick()
    followingLeases?.stop()
    followingMembers?.stop()
  }

  return {
    async start(listener: OwnershipListener) {
      work = createPartitionWork({
        gateway,
        leases,
        book,
        roster,
        own,
        held,
        clock,
        wallNow,
        logger,
        listener,
        onRebalance: options.onRebalance ?? (() => {}),
      })
      const settled = new Promise<void>((resolve) => {
        onSettled = resolve
      })
      followingLeases = followLeases()
      tick()
      try {
        await own.begin()
        evaluateSoon()
        // Its first life can end before it owns anything, when both of two processes with one id found the member bucket lost.
        await Promise.race([settled, own.displaced])
      } catch (error) {
        await own.leave()
        end()
        throw error
      }
    },
    async stop() {
      if (stopped) return
      draining = true
      if (work) {
        // Announced first, so that what is released is taken at once by those who stay.
        if (own.current() !== null) await own.beat()
        const started = onSettled
        const settled = new Promise<void>((resolve) => {
          onSettled = resolve
        })
        evaluateSoon()
        await settled
        started?.()
      }
      await own.leave()
      end()
    },
    owns: (partition) => tenureOf(partition) !== null,
    life: () => own.current(),
    confirm: (life) => own.confirm(life),
    epoch: (partition) => tenureOf(partition)?.epoch ?? null,
  }

  function tenureOf(partition: number): HeldPartition | null {
    const tenure = held.get(partition)
    return tenure?.state === 'held' && tenure.life === own.current() ? tenure : null
  }
}
