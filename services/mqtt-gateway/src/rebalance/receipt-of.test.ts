import { expect, test } from 'vitest'
import { type ObservedSocket, receiptOf } from './receipt-of.ts'

const socket = (socketId: string, changes: Partial<ObservedSocket> = {}): ObservedSocket => ({
  socketId,
  unownedSince: 1_000,
  subscribedAt: 4_000,
  redelivered: 0,
  sessionResumed: true,
  ...changes,
})
const rebalance = (sockets: ObservedSocket[]) =>
  receiptOf({ id: 'id', gateway: 'b', from: 'a', cause: 'crash', partitions: 2, startedAt: 3_500, sockets }, 10_000)

test('gaps, redeliveries and lost sessions over the sockets, the worst first', () => {
  const receipt = rebalance([
    socket('one', { redelivered: 2 }),
    socket('two', { subscribedAt: 4_500, sessionResumed: false }),
    socket('three', { subscribedAt: 3_600 }),
  ])
  expect(receipt).toMatchObject({
    at: '1970-01-01T00:00:03.500Z',
    duration_seconds: 1,
    gap_seconds: { p50: 3, max: 3.5 },
    redelivered: 2,
    sessions_lost: 1,
    not_subscribed: 0,
  })
  expect(receipt.worst_sockets.map(({ socket_id: id }) => id)).toEqual(['two', 'one', 'three'])
})

test('a socket that is not subscribed yet is the worst and has no gap', () => {
  const receipt = rebalance([socket('one'), socket('two', { subscribedAt: null, sessionResumed: null })])
  expect(receipt).toMatchObject({
    not_subscribed: 1,
    sessions_lost: 0,
    gap_seconds: { p50: 3, max: 3 },
    duration_seconds: 6.5,
  })
  expect(receipt.worst_sockets[0]).toEqual({
    socket_id: 'two',
    gap_seconds: null,
    redelivered: 0,
    session_resumed: null,
  })
})

test('without sockets there is no gap', () => {
  expect(rebalance([])).toMatchObject({ sockets: 0, gap_seconds: null, duration_seconds: 0, worst_sockets: [] })
})
