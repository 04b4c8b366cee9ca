import type { SocketConfig } from './socket-config.ts'

/** Which sockets listen to which topic on one connection, and the topic filters that it takes. */
export interface SocketTopics {
  put(socket: SocketConfig): void
  remove(socketId: string): void
  /**
   * The sockets that get a message of this topic, also those that left until the broker has confirmed UNSUBSCRIBE. A topic
   * that is a socket's own or its companion is nobody else's; else, also once nobody has it any more, it belongs to the nearest
   * socket above that takes its subtree.
   */
  receivers(topic: string): readonly SocketConfig[]
  /**
   * Filter -> QoS to subscribe with: the highest that one of its sockets wants. What lies below a subtree filter has no filter
   * of its own, since brokers may deliver a message once for each filter that matches (MQTT-3.3.5-1).
   */
  wanted(): ReadonlyMap<string, number>
  /** The filter that brings a socket its messages. */
  filterOf(socket: SocketConfig): string
  /** The sockets that a filter brings messages to. */
  subscribersOf(filter: string): Iterable<SocketConfig>
  /** SUBACK: what lies below a subtree filter that is refused is subscribed by itself. */
  answered(filter: string, granted: boolean): void
  /** Filters that brought messages to sockets which left, unless something else is known of them by now. */
  left(): Iterable<string>
  /** UNSUBACK: nothing comes by the filter any more, and it may be granted when it is asked for again. */
  released(filter: string): void
  /** The broker has no filter but those wanted: nothing is under way any more to those that left. */
  settled(): void
  sockets(): Iterable<SocketConfig>
  readonly size: number
}

const lengthOf = ({ length }: string) => length
const NONE: readonly SocketConfig[] = []
const SUBTREE = '/#'

/** In which case the filters of a socket are others. */
function moved(before: SocketConfig, after: SocketConfig): boolean {
  const same = topicsOf(before).join('\0') === topicsOf(after).join('\0')
  return !same || (before.subtree ?? false) !== (after.subtree ?? false)
}

function topicsOf({ topic, companions }: SocketConfig): readonly string[] {
  return companions ? [topic, ...companions] : [topic]
}

/** `a/b` -> `a/b/#`, which matches `a/b`, too (MQTT 4.7.1.2). */
export const subtreeFilter = (topic: string) => `${topic}${SUBTREE}`

export function createSocketTopics(): SocketTopics {
  const byId = new Map<string, SocketConfig>()
  const byTopic = new Map<string, SocketConfig[]>()
  /** By topic, of the sockets that take their subtree. */
  const subtrees = new Map<string, readonly SocketConfig[]>()
  /** A message may be on its way while a socket moves: it still belongs to the socket that had the topic. By filter. */
  const leaving = new Map<string, readonly SocketConfig[]>()
  const refused = new Set<string>()
  /** Lengths of the topics whose subtree is taken: a hostile topic of 30,000 levels is not looked up 30,000 times. */
  let lengths: Set<number> | null = null
  let wanted: Map<string, number> | null = null

  function attach(socket: SocketConfig): void {
    for (const topic of topicsOf(socket)) {
      const others = (byTopic.get(topic) ?? []).filter((other) => other.socket_id !== socket.socket_id)
      place(topic, [...others, socket])
      leaving.delete(topic)
    }
  }

  function detach(socket: SocketConfig): void {
    // What comes by a subtree's filter goes on coming, and is the subtree's.
    const byItself = new Set(topicsOf(socket).filter((topic) => coverOf(topic) === null))
    for (const topic of topicsOf(socket)) {
      place(
        topic,
        (byTopic.get(topic) ?? []).filter((other) => other.socket_id !== socket.socket_id),
      )
      if (!byTopic.has(topic) && byItself.has(topic)) leaving.set(topic, [socket])
    }
    if (socket.subtree && !subtrees.has(socket.topic) && byItself.has(socket.topic))
      leaving.set(subtreeFilter(socket.topic), [socket])
    lengths = null
  }

  function place(topic: string, sockets: SocketConfig[]): void {
    if (sockets.length > 0) byTopic.set(topic, sockets)
    else byTopic.delete(topic)
    const wide = sockets.filter((socket) => socket.subtree && socket.topic === topic)
    if (wide.length > 0) {
      subtrees.set(topic, wide)
      leaving.delete(subtreeFilter(topic))
    } else subtrees.delete(topic)
    wanted = null
    lengths = null
  }

  function subtreeLengths(): Set<number> {
    if (!lengths) {
      const left = [...leaving.keys()].filter((filter) => filter.endsWith(SUBTREE))
      lengths = new Set([...subtrees.keys(), ...left.map((filter) => filter.slice(0, -SUBTREE.length))].map(lengthOf))
    }
    return lengths
  }

  function receivers(topic: string): readonly SocketConfig[] {
    const own = byTopic.get(topic) ?? leaving.get(topic)
    if (own) return own
    const cuts = subtreeLengths()
    if (cuts.size === 0) return NONE
    for (let slash = topic.lastIndexOf('/'); slash > 0; slash = topic.lastIndexOf('/', slash - 1)) {
      if (!cuts.has(slash)) continue
      const above = topic.slice(0, slash)
      const found = subtrees.get(above) ?? leaving.get(subtreeFilter(above))
      if (found) return found
    }
    return NONE
  }

  /** The topmost subtree that brings the topic's messages, if any is to. */
  function coverOf(topic: string): string | null {
    if (subtrees.size === 0) return null
    const cuts = subtreeLengths()
    for (let slash = topic.indexOf('/'); slash > 0; slash = topic.indexOf('/', slash + 1)) {
      if (!cuts.has(slash)) continue
      const above = topic.slice(0, slash)
      if (subtrees.has(above) && !refused.has(subtreeFilter(above))) return above
    }
    return null
  }

  const ownFilter = (topic: string) => (subtrees.has(topic) ? subtreeFilter(topic) : topic)

  function filterOf({ topic }: SocketConfig): string {
    return ownFilter(coverOf(topic) ?? topic)
  }

  return {
    put(socket) {
      const before = byId.get(socket.socket_id)
      if (before && moved(before, socket)) detach(before)
      byId.set(socket.socket_id, socket)
      attach(socket)
    },
    remove(socketId) {
      const socket = byId.get(socketId)
      if (!socket) return
      byId.delete(socketId)
      detach(socket)
    },
    receivers,
    wanted() {
      if (!wanted) {
        wanted = new Map()
        for (const [topic, sockets] of byTopic) {
          const filter = ownFilter(coverOf(topic) ?? topic)
          const qos = Math.max(...sockets.map((socket) => socket.mqtt_config.qos ?? 1))
          wanted.set(filter, Math.max(wanted.get(filter) ?? 0, qos))
        }
      }
      return wanted
    },
    filterOf,
    subscribersOf(filter) {
      if (!filter.endsWith(SUBTREE)) return byTopic.get(filter) ?? NONE
      const top = filter.slice(0, -SUBTREE.length)
      return [...byId.values()].filter(({ topic }) => topic === top || topic.startsWith(`${top}/`))
    },
    answered(filter, granted) {
      if (!filter.endsWith(SUBTREE) || granted !== refused.has(filter)) return
      if (granted) refused.delete(filter)
      else refused.add(filter)
      wanted = null
    },
    left: () => leaving.keys(),
    released: (filter) => void refused.delete(filter),
    settled() {
      leaving.clear()
      lengths = null
    },
    sockets: () => byId.values(),
    get size() {
      return byId.size
    },
  }
}
