import type { RebalanceCause } from '@iomt/contracts/rebalance'
import type { RebalanceReceipt, SocketReceipt } from '@iomt/contracts/rebalance-receipt'

const WORST_SOCKETS = 20

/** What was seen of a rebalance. Times are epoch ms. */
export interface ObservedRebalance {
  readonly id: string
  readonly gateway: string
  readonly from: string | null
  readonly cause: RebalanceCause
  readonly partitions: number
  /** When the first of the partitions became ours. */
  readonly startedAt: number
  readonly sockets: readonly ObservedSocket[]
}

export interface ObservedSocket {
  readonly socketId: string
  /** Since when nobody owned it. */
  readonly unownedSince: number
  /** Null: not subscribed yet. */
  readonly subscribedAt: number | null
  readonly redelivered: number
  readonly sessionResumed: boolean | null
}

export function receiptOf(rebalance: ObservedRebalance, now: number): RebalanceReceipt {
  const sockets = rebalance.sockets.map(socketReceipt).sort(longestGapFirst)
  const gaps = sockets.flatMap((socket) => (socket.gap_seconds === null ? [] : [socket.gap_seconds]))
  const lastSubscribed = Math.max(rebalance.startedAt, ...rebalance.sockets.map((socket) => socket.subscribedAt ?? now))
  return {
    v: 1,
    id: rebalance.id,
    at: new Date(rebalance.startedAt).toISOString(),
    gateway: rebalance.gateway,
    from: rebalance.from,
    cause: rebalance.cause,
    partitions: rebalance.partitions,
    sockets: sockets.length,
    duration_seconds: seconds(lastSubscribed - rebalance.startedAt),
    gap_seconds:
      gaps.length === 0 ? null : { p50: gaps[Math.floor(gaps.length / 2)] as number, max: gaps[0] as number },
    redelivered: sockets.reduce((sum, socket) => sum + socket.redelivered, 0),
    // Without an owner before there was no session to lose.
    sessions_lost: rebalance.from === null ? 0 : sockets.filter((socket) => socket.session_resumed === false).length,
    not_subscribed: sockets.filter((socket) => socket.gap_seconds === null).length,
    worst_sockets: sockets.slice(0, WORST_SOCKETS),
  }
}

function socketReceipt(socket: ObservedSocket): SocketReceipt {
  const { subscribedAt, unownedSince } = socket
  return {
    socket_id: socket.socketId,
    gap_seconds: subscribedAt === null ? null : seconds(Math.max(0, subscribedAt - unownedSince)),
    redelivered: socket.redelivered,
    session_resumed: socket.sessionResumed,
  }
}

function longestGapFirst(one: SocketReceipt, other: SocketReceipt): number {
  return (other.gap_seconds ?? Number.POSITIVE_INFINITY) - (one.gap_seconds ?? Number.POSITIVE_INFINITY)
}

const seconds = (milliseconds: number) => Math.round(milliseconds) / 1_000
