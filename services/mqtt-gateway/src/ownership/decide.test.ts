import { expect, test } from 'vitest'
import { type Action, type DecisionView, decide, type SeenLease, type Tenure } from './decide.ts'
import { createPlacement } from './rendezvous.ts'
import type { LifeState, OtherMember } from './roster.ts'

interface Situation extends Partial<Omit<DecisionView, 'lease' | 'tenure' | 'busy' | 'lifeState'>> {
  lease?: SeenLease
  tenure?: Tenure
  busy?: boolean
  lifeState?: LifeState
}

/** A pool of one partition, seen by the gateway `us`. */
function actionsIn({ lease, tenure, busy = false, lifeState = 'alive', ...rest }: Situation): Action[] {
  return decide({
    partitions: 1,
    gateway: 'us',
    life: 'our-life',
    draining: false,
    incarnation: 'bucket',
    others: [],
    overdue: [],
    doubtful: [],
    wasOurs: (life) => life.startsWith('our'),
    lifeState: () => lifeState,
    lease: () => lease,
    tenure: () => tenure,
    busy: () => busy,
    ...rest,
  })
}

const other = (gateway: string, changes: Partial<OtherMember> = {}): OtherMember => ({
  gateway,
  draining: false,
  proven: true,
  leaseBucket: 'bucket',
  ...changes,
})
/** Members that rendezvous places partition 0 on, and not on it, when the other one is `us`. */
const names = Array.from({ length: 50 }, (_, index) => `member-${index}`)
const winner = names.find((name) => createPlacement(['us', name])(0) === name) as string
const loser = names.find((name) => createPlacement(['us', name])(0) === 'us') as string
const held: Tenure = { state: 'held', revision: 5, incarnation: 'bucket' }
const ours: SeenLease = { owner: 'us', life: 'our-life', revision: 5 }
const theirs: SeenLease = { owner: loser, life: 'their-life', revision: 5 }
const free: SeenLease = { owner: null, life: null, revision: 5 }
const kinds = (actions: Action[]) => actions.map(({ kind }) => kind)

test.each<[string, Situation, Action['kind'][]]>([
  ['takes what is free', { lease: free }, ['take']],
  ['takes what was never there', {}, ['take']],
  ['takes what is free and ours by placement', { lease: free, others: [other(loser)] }, ['take']],
  ['leaves what is another’s by placement', { lease: free, others: [other(winner)] }, []],
  ['leaves it also to one that only may be alive', { lease: free, others: [other(winner, { proven: false })] }, []],
  ['takes it from one that is leaving', { lease: free, others: [other(winner, { draining: true })] }, ['take']],
  ['waits until everything is listed', { lease: free, incarnation: null }, []],
  ['does nothing without a life', { lease: free, life: null }, []],
  ['takes nothing while draining', { lease: free, draining: true }, []],
  ['waits for what is under way', { lease: free, busy: true }, []],
  [
    'leaves what is not there while a member does not know this bucket',
    { others: [other(loser, { leaseBucket: 'lost' })] },
    [],
  ],
  [
    'leaves its own too, which a take made that was on its way when the bucket before was lost',
    { lease: ours, others: [other(loser, { leaseBucket: 'lost' })] },
    [],
  ],
  ['does not free its own either', { lease: ours, others: [other(winner, { leaseBucket: 'lost' })] }, []],
  ['leaves the living alone', { lease: theirs, others: [other(loser)] }, []],
  ['takes from the dead', { lease: theirs, lifeState: 'ended' }, ['take']],
  ['looks into a life it has not seen', { lease: theirs, lifeState: 'unknown' }, ['inspect']],
  ['takes back its own of an earlier life', { lease: { ...ours, life: 'our-first-life' } }, ['take']],
  [
    'does not trust a life of its id that it did not live',
    { lease: { ...ours, life: 'old' }, lifeState: 'unknown' },
    ['inspect'],
  ],
  ['frees what is its own and placed elsewhere', { lease: ours, others: [other(winner)] }, ['free']],
  ['keeps what it holds', { lease: ours, tenure: held, others: [other(loser)] }, []],
  ['keeps it when the news is older', { lease: { ...theirs, revision: 4 }, tenure: held }, []],
  ['hands over to one that joined', { lease: ours, tenure: held, others: [other(winner)] }, ['hand-over']],
  ['and not before that one is proven', { lease: ours, tenure: held, others: [other(winner, { proven: false })] }, []],
  ['hands over when it leaves', { lease: ours, tenure: held, draining: true }, ['hand-over']],
  ['drops everything without a life', { lease: ours, tenure: held, life: null }, ['drop']],
  ['drops what the store says is another’s', { lease: { ...theirs, revision: 6 }, tenure: held }, ['drop']],
  ['drops what was written in a bucket that was lost', { tenure: { ...held, incarnation: 'lost' } }, ['drop']],
])('%s', (_name, situation, expected) => {
  expect(kinds(actionsIn(situation))).toEqual(expected)
})
