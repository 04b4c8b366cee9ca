import { EventEmitter } from 'node:events'
import { type BrokerConnection, type ConnectionState, createBrokerConnection } from './broker-connection.ts'
import { SURELY_REMEMBERED } from './broker-session.ts'
import { connectionCredentials, connectionProfile } from './connection-profile.ts'
import { createPendingBudget } from './pending-budget.ts'
import type { DeliveryHandler, SocketConfig } from './socket-config.ts'
import {
  type MessageAssessment,
  type SocketConnectionStatus,
  socketConnectionStatus,
} from './socket-connection-status.ts'
import { createSocketTraffic, type ReceivedMessage, type SocketTraffic } from './socket-traffic.ts'
import { connectMqttJs } from './transport.mqttjs.ts'
import type { ConnectTransport } from './transport.ts'

export interface SocketMqttClientOptions {
  /** The sockets that `initializeAll` connects. */
  readonly loadSockets?: () => Promise<readonly SocketConfig[]>
  /** Stores each message before the broker gets its acknowledgement; without it, listeners of `data` have had it by then. */
  readonly deliver?: DeliveryHandler
  /** Asked before every connect; false keeps a connection closed. Default: always. */
  readonly mayConnect?: (partition: number) => boolean
  /** Bound in bytes of what is received and not yet stored, over all connections; each may have 32 KiB whatever others hold. */
  readonly maxPendingBytes?: number
  /** What the socket's messages say about it, for its status. Default: nothing. */
  readonly assess?: (socketId: string) => MessageAssessment
  readonly connect?: ConnectTransport
  readonly now?: () => number
  readonly random?: () => number
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
  /** Default: the socket's own. */
  readonly topic?: string
}

export interface SocketMqttClientEvents {
  connected: [{ socketId: string; socket: SocketConfig }]
  disconnected: [{ socketId: string; socket: SocketConfig; reason: string | null }]
  reconnecting: [{ socketId: string; socket: SocketConfig; attempt: number }]
  data: [{ socketId: string; socket: SocketConfig; topic: string; data: unknown; payload: Buffer; retained: boolean }]
  error: [{ socketId: string; socket: SocketConfig; error: Error }]
  /** Something in these sockets' status changed. */
  status: [{ socketIds: readonly string[] }]
}

const NOTHING_SAID: MessageAssessment = { advice: [] }

interface Entry {
  readonly socket: SocketConfig
  readonly connection: BrokerConnection
  readonly traffic: SocketTraffic
}

/** The socket is not known to this client. */
export class UnknownSocketError extends Error {
  override readonly name = 'UnknownSocketError'
}

/**
 * The MQTT side of the product: connects sockets to their brokers, sockets of one partition and broker user sharing a
 * connection, and hands each message to `deliver`. A QoS 1 or 2 message is acknowledged to the broker once `deliver` has
 * settled it, in the order of receipt. Reconnects for ever.
 *
 * @example
 * const client = new SocketMqttClient()
 * client.on('data', ({ socket, data }) => console.log(socket.socket_number, data))
 * await client.connectSocket({ socket_id: '…', topic: 'hopt/tang3/pkt/socket1', mqtt_broker_host: '127.0.0.1', … })
 */
export class SocketMqttClient extends EventEmitter<SocketMqttClientEvents> {
  readonly #options: SocketMqttClientOptions
  readonly #entries = new Map<string, Entry>()
  readonly #connections = new Map<string, BrokerConnection>()
  readonly #budget
  readonly #now: () => number
  /** Sessions being deleted at their broker; a new connection with the same client id waits for them. */
  readonly #discarding = new Map<string, { readonly connection: BrokerConnection; readonly done: Promise<void> }>()
  /** The newest wish for each socket, so that one that had to wait never overtakes a later one. */
  readonly #intents = new Map<string, { readonly partition: number }>()
  /** `servedUntil` of connections that were given up, by client id, for those that come back soon: after a fence or a handover. */
  readonly #servedUntil = new Map<string, number>()
  #strays = 0

  constructor(options: SocketMqttClientOptions = {}) {
    super()
    this.#options = options
    this.#budget = createPendingBudget(options.maxPendingBytes)
    this.#now = options.now ?? Date.now
  }

  /** Connects every socket that `loadSockets` answers. Resolves when all are being connected, not when all are. */
  async initializeAll(): Promise<void> {
    for (const socket of (await this.#options.loadSockets?.()) ?? []) await this.connectSocket(socket)
  }

  /**
   * Connects a socket, or applies its new configuration: only what the change touches is done again (a new topic
   * subscribes, a new password reconnects, a new broker moves the socket).
   */
  async connectSocket(socket: SocketConfig): Promise<void> {
    const profile = connectionProfile(socket)
    const intent = { partition: socket.partition }
    this.#intents.set(socket.socket_id, intent)
    const discarding = this.#discarding.get(profile.clientId)
    if (discarding) {
      await discarding.done
      if (this.#intents.get(socket.socket_id) !== intent) return
    }
    const before = this.#entries.get(socket.socket_id)
    if (before && before.connection.profile.clientId !== profile.clientId) void this.#detach(before)
    let connection = this.#connections.get(profile.clientId)
    if (!connection) {
      connection = this.#createConnection(socket, profile)
      this.#connections.set(profile.clientId, connection)
    }
    const traffic = before?.traffic ?? createSocketTraffic(this.#now())
    this.#entries.set(socket.socket_id, { socket, connection, traffic })
    connection.put(socket, connectionCredentials(socket))
    this.emit('status', { socketIds: [socket.socket_id] })
  }

  /** Unsubscribes the socket; closes the connection and deletes its session when it was the last one. */
  async disconnectSocket(socketId: string): Promise<void> {
    this.#intents.delete(socketId)
    const entry = this.#entries.get(socketId)
    if (!entry) return
    this.#entries.delete(socketId)
    await this.#detach(entry)
  }

  /** Hands a partition's connections over: stores and acknowledges what is in flight, disconnects, leaves the sessions. */
  async releasePartition(partition: number): Promise<void> {
    const stopped = this.#takeConnections(partition).map(async (connection) => {
      await connection.stop()
      this.#rememberServed(connection)
    })
    // The next owner may use these client ids again: no deletion of a session may reach the broker after it does.
    const discarded = this.#discardingOf(partition).map(({ done }) => done)
    await Promise.all([...stopped, ...discarded])
  }

  /** Closes a partition's connections at once, because somebody else may have it already. */
  abandonPartition(partition: number): void {
    for (const connection of this.#takeConnections(partition)) {
      connection.abandon()
      this.#rememberServed(connection)
    }
    for (const { connection } of this.#discardingOf(partition)) connection.abandon()
  }

  #discardingOf(partition: number) {
    return [...this.#discarding].filter(([clientId]) => isOf(partition, clientId)).map(([, discarding]) => discarding)
  }

  #rememberServed({ profile, servedUntil }: BrokerConnection): void {
    const useful = this.#now() - SURELY_REMEMBERED
    for (const [clientId, until] of this.#servedUntil) {
      if (until > useful) break
      this.#servedUntil.delete(clientId)
    }
    this.#servedUntil.delete(profile.clientId)
    if (servedUntil !== null && servedUntil > useful) this.#servedUntil.set(profile.clientId, servedUntil)
  }

  #takeConnections(partition: number): BrokerConnection[] {
    const taken: BrokerConnection[] = []
    for (const [socketId, { socket }] of this.#entries) {
      if (socket.partition !== partition) continue
      this.#entries.delete(socketId)
    }
    // Also of sockets that wait for a deletion, and have no entry yet.
    for (const [socketId, intent] of this.#intents) if (intent.partition === partition) this.#intents.delete(socketId)
    for (const [clientId, connection] of this.#connections) {
      if (!isOf(partition, clientId)) continue
      this.#connections.delete(clientId)
      taken.push(connection)
    }
    return taken
  }

  /**
   * Publishes to the socket's topic, or another one on its broker, with its configured QoS and retain flag. An object is sent
   * as JSON. At QoS 1 and 2 it resolves after the broker's acknowledgement. What is published here does not come back as data.
   *
   * @throws UnknownSocketError; UnacknowledgedError when it may have been sent and 5 s or the connection ended without an
   * acknowledgement; another error when the broker is away or refuses.
   */
  async publishToSocket(
    socketId: string,
    message: unknown,
    options: PublishOptions = {},
  ): Promise<{ topic: string; qos: 0 | 1 | 2; retain: boolean }> {
    const entry = this.#entries.get(socketId)
    if (!entry) throw new UnknownSocketError(`no socket ${socketId} here`)
    const { mqtt_config: config } = entry.socket
    const topic = options.topic ?? entry.socket.topic
    const qos = options.qos ?? ((config.qos ?? 1) as 0 | 1 | 2)
    const retain = options.retain ?? config.retain ?? false
    await entry.connection.publish(topic, payloadOf(message), { qos, retain })
    return { topic, qos, retain }
  }

  /** The socket's status now, or null when it is not known here. */
  getSocketStatus(socketId: string): SocketConnectionStatus | null {
    const entry = this.#entries.get(socketId)
    if (!entry) return null
    const messages = this.#options.assess?.(socketId) ?? NOTHING_SAID
    return socketConnectionStatus(entry.socket, entry.connection, entry.traffic, messages, this.#now())
  }

  getAllStatuses(): SocketConnectionStatus[] {
    return [...this.#entries.keys()].map((socketId) => this.getSocketStatus(socketId) as SocketConnectionStatus)
  }

  /** Counts a message of the socket that was stored as a dead letter. */
  countDeadLetter(socketId: string): void {
    this.#entries.get(socketId)?.traffic.deadLetter()
  }

  /** `strays`: messages on topics that no socket has any more. */
  get figures(): { sockets: number; connections: number; connected: number; pendingBytes: number; strays: number } {
    const connections = [...this.#connections.values()]
    return {
      sockets: this.#entries.size,
      connections: connections.length,
      connected: connections.filter((connection) => connection.state.state === 'connected').length,
      pendingBytes: this.#budget.bytes,
      strays: this.#strays,
    }
  }

  /** Ends all connections as {@link releasePartition} does. */
  async close(): Promise<void> {
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    this.#entries.clear()
    this.#intents.clear()
    const discarded = [...this.#discarding.values()].map(({ done }) => done)
    await Promise.all([...connections.map((connection) => connection.stop()), ...discarded])
  }

  async #detach({ socket, connection }: Entry): Promise<void> {
    connection.remove(socket.socket_id)
    if (connection.topics.size > 0) return
    const { clientId } = connection.profile
    this.#connections.delete(clientId)
    const done = connection.discard().finally(() => this.#discarding.delete(clientId))
    this.#discarding.set(clientId, { connection, done })
    await done
  }

  #createConnection(socket: SocketConfig, profile: ReturnType<typeof connectionProfile>): BrokerConnection {
    const { partition } = socket
    return createBrokerConnection({
      profile,
      connect: this.#options.connect ?? connectMqttJs,
      mayConnect: () => this.#options.mayConnect?.(partition) ?? true,
      deliver: this.#options.deliver ?? this.#emitData,
      budget: this.#budget.ofConnection(),
      now: this.#now,
      random: this.#options.random ?? Math.random,
      onTraffic: (receiver, message) => this.#countTraffic(receiver.socket_id, message),
      onStored: (receiver, receivedAt, at) => this.#entries.get(receiver.socket_id)?.traffic.stored(receivedAt, at),
      onChange: (sockets) => this.#reportSubscriptions(sockets),
      onState: (state, sockets) => this.#reportState(state, sockets),
      onStray: () => {
        this.#strays += 1
      },
      servedBefore: this.#servedUntil.get(profile.clientId) ?? null,
    })
  }

  #emitData: DeliveryHandler = ({ socket, topic, payload, payloadBytes, retained }, onSettled) => {
    if (payloadBytes > payload.length) {
      this.#emitError(socket, `a message of ${payloadBytes} bytes on ${topic} is larger than any that is taken`)
      return onSettled()
    }
    this.emit('data', { socketId: socket.socket_id, socket, topic, data: parsed(payload), payload, retained })
    onSettled()
  }

  #countTraffic(socketId: string, message: ReceivedMessage): void {
    const traffic = this.#entries.get(socketId)?.traffic
    if (!traffic) return
    // Also of a first message, before which there was none.
    const qosChanged = traffic.lastQos !== message.qos
    traffic.received(message)
    if (qosChanged) this.emit('status', { socketIds: [socketId] })
  }

  #reportSubscriptions(sockets: Iterable<SocketConfig>): void {
    const socketIds: string[] = []
    for (const socket of sockets) {
      socketIds.push(socket.socket_id)
      const status = this.getSocketStatus(socket.socket_id)
      if (status?.subscription.state === 'subscribed') this.emit('connected', { socketId: socket.socket_id, socket })
      else if (status?.subscription.state === 'refused')
        this.#emitError(socket, status.subscription.reason ?? 'refused')
    }
    if (socketIds.length > 0) this.emit('status', { socketIds })
  }

  #reportState(state: ConnectionState, sockets: Iterable<SocketConfig>): void {
    const socketIds: string[] = []
    for (const socket of sockets) {
      const socketId = socket.socket_id
      socketIds.push(socketId)
      if (state.state === 'waiting') {
        this.emit('disconnected', { socketId, socket, reason: state.lastError })
        if (state.lastError) this.#emitError(socket, state.lastError)
      } else if (state.state === 'connecting' && state.attempts > 0) {
        this.emit('reconnecting', { socketId, socket, attempt: state.attempts })
      }
    }
    if (socketIds.length > 0) this.emit('status', { socketIds })
  }

  #emitError(socket: SocketConfig, message: string): void {
    // An EventEmitter throws on `error` without a listener; a silent socket must not end the process.
    if (this.listenerCount('error') > 0)
      this.emit('error', { socketId: socket.socket_id, socket, error: new Error(message) })
  }
}

const isOf = (partition: number, clientId: string) => clientId.startsWith(`iomt-${partition}-`)

function payloadOf(message: unknown): Buffer {
  if (Buffer.isBuffer(message)) return message
  if (message instanceof Uint8Array) return Buffer.from(message)
  return Buffer.from(typeof message === 'string' ? message : JSON.stringify(message))
}

/** The payload as JSON where it is JSON, else as text. */
function parsed(payload: Buffer): unknown {
  const text = payload.toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
