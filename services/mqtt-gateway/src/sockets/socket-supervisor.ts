import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Vault } from '@iomt/credential-vault/vault'
import type { SocketConfig } from '@iomt/socket-mqtt-client/socket-config'
import type { SocketMqttClient } from '@iomt/socket-mqtt-client/socket-mqtt-client'
import type { DesiredStateFeed } from '../desired-state/desired-state-feed.ts'
import { type NotConnectable, socketConfigOf } from './socket-config-of.ts'

export interface SupervisedSocket {
  readonly state: SocketDesiredState
  readonly partition: number
  /** Null while it is connected or being connected. */
  readonly notConnectable: NotConnectable | null
}

export interface SocketSupervisorOptions {
  readonly client: SocketMqttClient
  readonly feed: Pick<DesiredStateFeed, 'ofPartition'>
  readonly vault: Vault
  readonly idleAfter: number
  readonly onChange: (socketId: string) => void
}

/** Connects exactly the sockets of the partitions that are held here, as their desired state says. */
export interface SocketSupervisor {
  hold(partition: number): Promise<void>
  /** Resolves when nothing of the partition is connected any more: after what is in flight is stored, or at once. */
  release(partition: number, how: 'drained' | 'abandoned'): Promise<void>
  apply(partition: number, socketId: string, state: SocketDesiredState | null): Promise<void>
  get(socketId: string): SupervisedSocket | null
  /** The desired state that a connected socket's configuration was made from, also for one that is just leaving. */
  desiredState(config: SocketConfig): SocketDesiredState
  socketIds(): Iterable<string>
}

export function createSocketSupervisor(options: SocketSupervisorOptions): SocketSupervisor {
  const { client, feed, vault, idleAfter, onChange } = options
  const held = new Set<number>()
  const sockets = new Map<string, SupervisedSocket>()
  const origins = new WeakMap<SocketConfig, SocketDesiredState>()

  async function connect(partition: number, state: SocketDesiredState): Promise<void> {
    const config = socketConfigOf(state, partition, vault, idleAfter)
    if ('status' in config) {
      sockets.set(state.socket_id, { state, partition, notConnectable: config })
      onChange(state.socket_id)
      await client.disconnectSocket(state.socket_id)
      return
    }
    origins.set(config, state)
    sockets.set(state.socket_id, { state, partition, notConnectable: null })
    await client.connectSocket(config)
    onChange(state.socket_id)
  }

  return {
    async hold(partition) {
      held.add(partition)
      await Promise.all(feed.ofPartition(partition).map((state) => connect(partition, state)))
    },
    async release(partition, how) {
      held.delete(partition)
      for (const [socketId, socket] of sockets) {
        if (socket.partition === partition) sockets.delete(socketId)
      }
      if (how === 'abandoned') client.abandonPartition(partition)
      else await client.releasePartition(partition)
    },
    async apply(partition, socketId, state) {
      if (!held.has(partition)) return
      if (state) {
        await connect(partition, state)
      } else {
        sockets.delete(socketId)
        onChange(socketId)
        await client.disconnectSocket(socketId)
      }
    },
    get: (socketId) => sockets.get(socketId) ?? null,
    desiredState(config) {
      const state = origins.get(config)
      if (!state) throw new Error(`socket ${config.socket_id} was not connected by this supervisor`)
      return state
    },
    socketIds: () => sockets.keys(),
  }
}
