import type { RebalanceCause } from '@iomt/contracts/rebalance'
import type { RebalanceReceipt } from '@iomt/contracts/rebalance-receipt'
import type { SocketMqttClient } from '@iomt/socket-mqtt-client/socket-mqtt-client'
import { v7 as uuidv7 } from 'uuid'
import type { SocketSupervisor } from '../sockets/socket-supervisor.ts'
import { receiptOf } from './receipt-of.ts'

/** Milliseconds without another partition after which a rebalance is taken to be complete. */
const QUIET = 1_000
/** Milliseconds that its sockets get to be subscribed. */
const SUBSCRIBE_PATIENCE = 30_000
/** Milliseconds after the last subscription in which redeliveries still belong to it. */
const REDELIVERY_PATIENCE = 2_000

interface AcquiredPartition {
  readonly partition: number
  readonly from: string | null
  readonly cause: RebalanceCause
  /** Epoch ms: since when nobody owned it, as far as we know. */
  readonly unownedSince: number
}

export interface RebalanceObserverOptions {
  readonly gateway: string
  readonly client: SocketMqttClient
  readonly supervisor: SocketSupervisor
  readonly now: () => number
  readonly onReceipt: (receipt: RebalanceReceipt) => void
}

/** Watches what becomes of the sockets of partitions that were taken over, and writes a receipt for each rebalance. */
export interface RebalanceObserver {
  acquired(acquired: AcquiredPartition): void
  stop(): void
}

interface OpenRebalance {
  readonly id: string
  readonly first: AcquiredPartition
  readonly startedAt: number
  readonly unownedSince: Map<number, number>
  timer: NodeJS.Timeout
}

export function createRebalanceObserver(options: RebalanceObserverOptions): RebalanceObserver {
  const { gateway, client, supervisor, now, onReceipt } = options
  const open = new Map<string, OpenRebalance>()
  const subscribedAt = new Map<string, number>()
  let stopped = false

  client.on('connected', ({ socketId }) => {
    if (open.size > 0 && !subscribedAt.has(socketId)) subscribedAt.set(socketId, now())
  })

  function observe(key: string, rebalance: OpenRebalance, deadline: number): void {
    if (stopped) return
    const sockets = socketsOf(rebalance)
    const waiting = sockets.some((socket) => socket.subscribedAt === null)
    const lastSubscribed = Math.max(rebalance.startedAt, ...sockets.map((socket) => socket.subscribedAt ?? 0))
    if (now() < deadline && (waiting || now() - lastSubscribed < REDELIVERY_PATIENCE)) {
      rebalance.timer = setTimeout(observe, 250, key, rebalance, deadline)
      return
    }
    open.delete(key)
    if (open.size === 0) subscribedAt.clear()
    const { first, id, startedAt, unownedSince } = rebalance
    const { from, cause } = first
    onReceipt(receiptOf({ id, gateway, from, cause, partitions: unownedSince.size, startedAt, sockets }, now()))
  }

  function socketsOf(rebalance: OpenRebalance) {
    return [...supervisor.socketIds()].flatMap((socketId) => {
      const socket = supervisor.get(socketId)
      const unownedSince = socket ? rebalance.unownedSince.get(socket.partition) : undefined
      if (unownedSince === undefined || socket?.notConnectable) return []
      const status = client.getSocketStatus(socketId)
      return [
        {
          socketId,
          unownedSince,
          subscribedAt: subscribedAt.get(socketId) ?? null,
          redelivered: status?.traffic.redelivered ?? 0,
          sessionResumed: status?.connection.session_resumed ?? null,
        },
      ]
    })
  }

  return {
    acquired(acquired) {
      const key = `${acquired.cause} ${acquired.from}`
      let rebalance = open.get(key)
      if (!rebalance) {
        rebalance = {
          id: uuidv7(),
          first: acquired,
          startedAt: now(),
          unownedSince: new Map(),
          timer: setTimeout(() => {}),
        }
        open.set(key, rebalance)
      }
      clearTimeout(rebalance.timer)
      rebalance.unownedSince.set(acquired.partition, acquired.unownedSince)
      rebalance.timer = setTimeout(observe, QUIET, key, rebalance, now() + SUBSCRIBE_PATIENCE)
    },
    stop() {
      stopped = true
      for (const { timer } of open.values()) clearTimeout(timer)
    },
  }
}
