import { createPlacement } from './rendezvous.ts'
import type { LifeState, OtherMember, OverdueMember } from './roster.ts'

/** A lease as it was last seen. */
export interface SeenLease {
  readonly owner: string | null
  readonly life: string | null
  readonly revision: number
}

/** What is held here; `revoking`: to be let go without being handed over. */
export interface Tenure {
  readonly state: 'held' | 'revoking'
  readonly revision: number
  readonly incarnation: string
}

/** All that a decision depends on, at one instant. */
export interface DecisionView {
  readonly partitions: number
  readonly gateway: string
  /** Null: fenced, or not a member yet. */
  readonly life: string | null
  readonly draining: boolean
  /** The incarnation of the lease store that `lease` shows; null before the first complete listing of both stores. */
  readonly incarnation: string | null
  readonly others: readonly OtherMember[]
  readonly overdue: readonly OverdueMember[]
  readonly doubtful: readonly { readonly gateway: string; readonly life: string }[]
  /** Is this a life of this very process? What it held then is held no more. */
  wasOurs(life: string): boolean
  lifeState(life: string): LifeState
  lease(partition: number): SeenLease | undefined
  tenure(partition: number): Tenure | undefined
  /** An earlier action on this partition is not finished. */
  busy(partition: number): boolean
}

export type Action =
  /** Take it by compare-and-set on this revision. */
  | { readonly kind: 'take'; readonly partition: number; readonly revision: number }
  /** Let go of it, then write that it is free. */
  | { readonly kind: 'hand-over'; readonly partition: number; readonly cause: 'join' | 'leave' }
  /** Let go of it; the lease is somebody else's business. */
  | { readonly kind: 'drop'; readonly partition: number }
  /** Write that it is free: it is ours by the store, and not held. */
  | { readonly kind: 'free'; readonly partition: number; readonly revision: number }
  /** Read this member's key: a lease names a life that was never seen, or the key seems to be gone. */
  | { readonly kind: 'inspect'; readonly gateway: string; readonly life: string }
  | { readonly kind: 'declare-dead'; readonly overdue: OverdueMember }

/** What to do now. Every action may come too late or fail; then the next decision starts from what is true by then. */
export function decide(view: DecisionView): Action[] {
  const actions: Action[] = []
  const inspected = new Set<string>()
  const self = view.draining ? [] : [view.gateway]
  const staying = view.others.filter(({ draining }) => !draining)
  // Nothing is taken from under a member that may be alive, and nothing is given to one that may not be.
  const takerOf = createPlacement([...self, ...staying.map(({ gateway }) => gateway)])
  const keeperOf = createPlacement([...self, ...staying.filter(({ proven }) => proven).map(({ gateway }) => gateway)])
  // A member that does not know this bucket yet may hold something by one that was lost, whatever the leases of this one say: a take
  // that was on its way when the other was lost has made a lease in this one, and was given up.
  const bucketKnown =
    view.incarnation !== null && view.others.every(({ leaseBucket }) => leaseBucket === view.incarnation)
  for (const { gateway, life } of view.doubtful) actions.push({ kind: 'inspect', gateway, life })
  if (view.life !== null) for (const overdue of view.overdue) actions.push({ kind: 'declare-dead', overdue })

  for (let partition = 0; partition < view.partitions; partition += 1) {
    if (view.busy(partition)) continue
    const tenure = view.tenure(partition)
    const lease = view.lease(partition)
    if (tenure) {
      if (isLost(tenure, lease, view)) actions.push({ kind: 'drop', partition })
      else if (view.draining) actions.push({ kind: 'hand-over', partition, cause: 'leave' })
      else if (keeperOf(partition) !== view.gateway) actions.push({ kind: 'hand-over', partition, cause: 'join' })
      continue
    }
    if (view.life === null || !bucketKnown) continue
    const wanted = takerOf(partition) === view.gateway
    const claim = claimOn(lease, view)
    if (claim === 'inspect') {
      const { owner, life } = lease as { owner: string; life: string }
      if (!inspected.has(life)) actions.push({ kind: 'inspect', gateway: owner, life })
      inspected.add(life)
    } else if (claim === 'takeable' || claim === 'own') {
      const revision = lease?.revision ?? 0
      if (wanted) actions.push({ kind: 'take', partition, revision })
      else if (claim === 'own') actions.push({ kind: 'free', partition, revision })
    }
  }
  return actions
}

function isLost(tenure: Tenure, lease: SeenLease | undefined, view: DecisionView): boolean {
  if (tenure.state === 'revoking' || view.life === null) return true
  // Only we write a lease of ours while we live: any later revision means that the store disagrees with us.
  return tenure.incarnation !== view.incarnation || (lease !== undefined && lease.revision > tenure.revision)
}

function claimOn(lease: SeenLease | undefined, view: DecisionView): 'takeable' | 'own' | 'inspect' | 'none' {
  if (!lease || lease.owner === null || lease.life === null) return 'takeable'
  if (view.wasOurs(lease.life)) return 'own'
  const state = view.lifeState(lease.life)
  if (state === 'unknown') return 'inspect'
  return state === 'ended' ? 'takeable' : 'none'
}
