import type { SocketConfig } from './socket-config.ts'

/** Which sockets listen to which topic on one connection. */
export interface SocketTopics {
  put(socket: SocketConfig): void
  remove(socketId: string): void
  /** The sockets that get a message of this topic, also those that left until the broker has confirmed UNSUBSCRIBE. */
  receivers(topic: string): readonly SocketConfig[]
  /** Topic -> QoS to subscribe with: the highest that one of its sockets wants. */
  wanted(): ReadonlyMap<string, number>
  /** UNSUBACK: nothing comes on the topic any more. */
  released(topic: string): void
  sockets(): Iterable<SocketConfig>
  readonly size: number
}

const NONE: readonly SocketConfig[] = []

export function createSocketTopics(): SocketTopics {
  const byId = new Map<string, SocketConfig>()
  const byTopic = new Map<string, SocketConfig[]>()
  /** A message may be on its way while a socket moves: it still belongs to the socket that had the topic. */
  const leaving = new Map<string, readonly SocketConfig[]>()
  let wanted: Map<string, number> | null = null

  function detach(socket: SocketConfig): void {
    const others = (byTopic.get(socket.topic) ?? []).filter((other) => other.socket_id !== socket.socket_id)
    if (others.length > 0) {
      byTopic.set(socket.topic, others)
    } else {
      byTopic.delete(socket.topic)
      leaving.set(socket.topic, [socket])
    }
  }

  return {
    put(socket) {
      const before = byId.get(socket.socket_id)
      if (before && before.topic !== socket.topic) detach(before)
      byId.set(socket.socket_id, socket)
      const others = (byTopic.get(socket.topic) ?? []).filter((other) => other.socket_id !== socket.socket_id)
      byTopic.set(socket.topic, [...others, socket])
      leaving.delete(socket.topic)
      wanted = null
    },
    remove(socketId) {
      const socket = byId.get(socketId)
      if (!socket) return
      byId.delete(socketId)
      detach(socket)
      wanted = null
    },
    receivers: (topic) => byTopic.get(topic) ?? leaving.get(topic) ?? NONE,
    wanted() {
      if (!wanted) {
        wanted = new Map()
        for (const [topic, sockets] of byTopic) {
          wanted.set(topic, Math.max(...sockets.map((socket) => socket.mqtt_config.qos ?? 1)))
        }
      }
      return wanted
    },
    released(topic) {
      leaving.delete(topic)
    },
    sockets: () => byId.values(),
    get size() {
      return byId.size
    },
  }
}
