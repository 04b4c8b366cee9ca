import type { GatewayMember } from '@iomt/contracts/gateway-member'
import type { PartitionLease } from '@iomt/contracts/partition-lease'
import { expect, test } from 'vitest'
import { createPoolView } from './pool-view.ts'

const member = (gateway: string, changes: Partial<GatewayMember> = {}): GatewayMember => ({
  v: 1,
  gateway,
  life: 'one',
  beat: 1,
  started_at: '2026-11-23T09:00:00.000Z',
  draining: false,
  ended: false,
  lease_bucket: null,
  partitions: 0,
  sockets: 5,
  connections: 2,
  messages: 100,
  ...changes,
})
const lease = (partition: number, owner: string | null): PartitionLease => ({
  v: 1,
  partition,
  owner,
  life: 'one',
  epoch: 1,
  previous_owner: null,
  cause: 'start',
  revoking_ms: null,
  changed_at: '2026-11-23T09:00:00.000Z',
})

test('members with what they own, their rate, and the partitions that nobody owns', () => {
  const view = createPoolView()
  view.memberSeen('b', member('b', { draining: true }), 1_000)
  view.memberSeen('a', member('a'), 1_000)
  view.memberSeen('a', member('a', { beat: 2, messages: 300 }), 2_000)
  for (let partition = 0; partition < 256; partition += 1) view.leaseSeen(lease(partition, partition < 254 ? 'a' : 'b'))
  view.leaseSeen(lease(7, null))
  const pool = view.at(2_500)
  expect(pool.members).toMatchObject([
    { gateway: 'a', status: 'alive', last_seen_seconds: 0.5, sockets: 5, connections: 2, messages_per_second: 200 },
    { gateway: 'b', status: 'draining', partitions: [254, 255], messages_per_second: null },
  ])
  expect(pool.partitions).toEqual({ total: 256, owned: 255, unowned: [7] })
})

test('a member is silent when its beat does not change, however often it is listed; its partitions count as unowned', () => {
  const view = createPoolView()
  view.memberSeen('a', member('a'), 0)
  view.leaseSeen(lease(1, 'a'))
  view.memberSeen('a', member('a'), 3_000)
  expect(view.at(3_001).members).toMatchObject([{ status: 'silent', last_seen_seconds: 3.001, messages_per_second: 0 }])
  expect(view.at(3_001).partitions.owned).toBe(0)
  view.memberSeen('a', member('a', { ended: true, beat: 2 }), 3_500)
  expect(view.at(3_501).members).toEqual([])
})
