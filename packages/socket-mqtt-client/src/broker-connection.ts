import { backOff } from './back-off.ts'
import { type BrokerSession, createBrokerSession } from './broker-session.ts'
import type { ConnectionCredentials, ConnectionProfile } from './connection-profile.ts'
import { createEchoFilter, type EchoFilter } from './echo-filter.ts'
import { createInFlight } from './in-flight.ts'
import type { ConnectionBudget } from './pending-budget.ts'
import type { DeliveryHandler, SocketConfig } from './socket-config.ts'
import { createSocketTopics, type SocketTopics } from './socket-topics.ts'
import type { ReceivedMessage } from './socket-traffic.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'
import {
  ConnectionRefusedError,
  type ConnectTransport,
  type IncomingPublish,
  type Transport,
  UnacknowledgedError,
} from './transport.ts'

/** A connection that lived this many milliseconds was a good one: the next back-off starts small again. */
const STABLE_AFTER = 10_000
/** Milliseconds in which a connection that is asked to stop waits for a moment with nothing in flight. */
const QUIET_TIMEOUT = 200
/** Milliseconds that in-flight deliveries get to be stored when the connection is asked to stop. */
const DRAIN_TIMEOUT = 5_000
/** Milliseconds in which a broker must take the CONNECT that deletes a session: a new connection of its client id waits for it. */
const DISCARD_TIMEOUT = 2_000

export interface ConnectionState {
  readonly state: 'connected' | 'connecting' | 'waiting' | 'none'
  readonly since: Date
  /** Failed attempts since it was last connected. */
  readonly attempts: number
  readonly lastError: string | null
  /** The broker refused the connection, as opposed to not being there. */
  readonly refused: boolean
  /** Whether the broker had kept the session, at the last connect; null before the first. */
  readonly sessionResumed: boolean | null
}

export interface BrokerConnectionOptions {
  readonly profile: ConnectionProfile
  readonly connect: ConnectTransport
  /** Asked before every connect: false when the partition belongs to somebody else by now. */
  readonly mayConnect: () => boolean
  readonly deliver: DeliveryHandler
  readonly budget: ConnectionBudget
  readonly now: () => number
  readonly random: () => number
  readonly onTraffic: (socket: SocketConfig, message: ReceivedMessage) => void
  /** A message of the socket that came `receivedAt` was stored `at`, in milliseconds since 1970. */
  readonly onStored: (socket: SocketConfig, receivedAt: number, at: number) => void
  /** Something about these sockets' status may have changed. */
  readonly onChange: (sockets: Iterable<SocketConfig>) => void
  readonly onState: (state: ConnectionState, sockets: Iterable<SocketConfig>) => void
  readonly onStray: () => void
  /** {@link BrokerConnection.servedUntil} of an earlier connection with this client id, null when there was none. */
  readonly servedBefore: number | null
}

/**
 * One shared connection to a broker for the sockets of one {@link ConnectionProfile}. Keeps itself connected for as long as
 * it has sockets and may: check ownership, full-jitter back-off, connect, subscribe what is missing.
 */
export interface BrokerConnection {
  readonly profile: ConnectionProfile
  readonly topics: SocketTopics
  readonly subscriber: Subscriber
  readonly state: ConnectionState
  /** The {@link BrokerSession.servedUntil} of the newest session. */
  readonly servedUntil: number | null
  /** Adds or replaces a socket. */
  put(socket: SocketConfig, credentials: ConnectionCredentials): void
  remove(socketId: string): void
  publish(topic: string, payload: Buffer, options: { qos: 0 | 1 | 2; retain: boolean }): Promise<void>
  /** Takes nothing more in, lets what is in flight be stored and acknowledged, disconnects; the broker keeps the session. */
  stop(): Promise<void>
  /** Closes at once and waits for nothing; the broker keeps the session and delivers again what was not acknowledged. */
  abandon(): void
  /** Like stop, and deletes the session at a broker that can be reached: nobody will come back for its queue. */
  discard(): Promise<void>
}

export function createBrokerConnection(options: BrokerConnectionOptions): BrokerConnection {
  const { profile, now } = options
  const topics = createSocketTopics()
  const echoes: EchoFilter = createEchoFilter(now)
  /** By socket, newest last: one user has one password, so the newest is right unless it was mistyped. */
  const credentials = new Map<string, ConnectionCredentials>()
  let transport: Transport | null = null
  let session: BrokerSession | null = null
  /** Why we are closing the present connection ourselves, if we are. */
  let ownReason: string | null = null
  let running = false
  /** Aborted when asked to stop: no new connection is made. */
  const leaving = new AbortController()
  /** Somebody else may have the session by now: it must not be deleted any more. */
  const abandoned = new AbortController()
  /** Nothing more is taken in. */
  let stopping = false
  let wake: (() => void) | null = null
  let lastConnectedAt: number | null = null
  let servedUntil = options.servedBefore
  let loop: Promise<void> = Promise.resolve()
  const inFlight = createInFlight()
  let credentialTurn = 0
  let failures = 0
  let state: ConnectionState = {
    state: 'none',
    since: new Date(now()),
    attempts: 0,
    lastError: null,
    refused: false,
    sessionResumed: null,
  }

  const subscriber = createSubscriber({ topics, now, onChange: options.onChange })

  function setState(next: Partial<ConnectionState>): void {
    const since = next.state && next.state !== state.state ? new Date(now()) : state.since
    state = { ...state, ...next, since }
    options.onState(state, topics.sockets())
  }

  async function run(): Promise<void> {
    // New sockets usually come in groups; connecting in the next turn subscribes all of them before messages flow.
    await nextTurn()
    while (!leaving.signal.aborted && topics.size > 0 && options.mayConnect()) {
      setState({ state: 'connecting' })
      const startedAt = now()
      const reason = await holdConnection()
      if (leaving.signal.aborted) break
      const lived = lastConnectedAt !== null && lastConnectedAt >= startedAt ? now() - lastConnectedAt : 0
      failures = lived > STABLE_AFTER ? 1 : failures + 1
      setState({ state: 'waiting', lastError: reason, attempts: failures })
      await pause(backOff(failures - 1, options.random))
    }
    running = false
    if (!leaving.signal.aborted) setState({ state: 'none' })
  }

  /** Connects and stays until the connection is gone; answers why. */
  async function holdConnection(): Promise<string> {
    const closed = Promise.withResolvers<string>()
    ownReason = null
    const opened = createBrokerSession({
      clientId: profile.clientId,
      cleanSession: profile.cleanSession,
      topics,
      echoes,
      budget: options.budget,
      inFlight,
      deliver: options.deliver,
      now,
      stopping: () => stopping,
      servedBefore: servedUntil,
      onTraffic: options.onTraffic,
      onStored: options.onStored,
      onNotStored: () => closeBecause('a message could not be stored'),
      onStray(topic) {
        options.onStray()
        subscriber.unsubscribeStray(topic)
      },
    })
    try {
      transport = await options.connect(
        profile,
        nextCredentials(),
        { onPublish: opened.onPublish, onClose: closed.resolve },
        { cleanSession: profile.cleanSession, signal: leaving.signal },
      )
    } catch (error) {
      const refused = error instanceof ConnectionRefusedError
      if (refused && error.badCredentials) credentialTurn += 1
      setState({ refused })
      return error instanceof Error ? error.message : String(error)
    }
    if (!transport.sessionPresent) subscriber.sessionLost()
    session = opened
    opened.opened(transport)
    lastConnectedAt = now()
    setState({
      state: 'connected',
      refused: false,
      lastError: null,
      attempts: 0,
      sessionResumed: transport.sessionPresent,
    })
    if (leaving.signal.aborted) transport.destroy()
    else if (ownReason === null) subscriber.attach(transport)
    const reason = await closed.promise
    transport = null
    session = null
    opened.closed()
    servedUntil = opened.servedUntil()
    subscriber.closed()
    return ownReason ?? subscriber.closeReason ?? reason
  }

  /** A new connection follows, with the same session. */
  function closeBecause(reason: string): void {
    if (!transport) return
    ownReason = reason
    subscriber.detach()
    transport.destroy()
  }

  function nextCredentials(): ConnectionCredentials {
    const distinct = [...new Map([...credentials.values()].map((entry) => [JSON.stringify(entry), entry])).values()]
    const newestFirst = distinct.reverse()
    return newestFirst[credentialTurn % Math.max(1, newestFirst.length)] ?? { password: undefined, tlsKey: undefined }
  }

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function stop(): Promise<void> {
    leaving.abort()
    wake?.()
    await untilQuiet()
    stopping = true
    if (inFlight.count > 0) await inFlight.untilNone(DRAIN_TIMEOUT)
    session?.flush()
    subscriber.detach()
    await transport?.disconnect()
    // A connect that was under way when we were asked must not take the session from its next owner.
    await loop
    setState({ state: 'none' })
  }

  /**
   * Goes on reading and acknowledging until there is a moment with nothing in hand. What the broker sends between our last
   * acknowledgement and its reading of DISCONNECT is delivered once more to the next owner (MQTT-4.4.0-1): the shorter that
   * is, the less. On a connection that is never quiet, no more is taken in after a while.
   */
  async function untilQuiet(): Promise<void> {
    const deadline = now() + QUIET_TIMEOUT
    while (transport && now() < deadline) {
      await inFlight.untilNone(deadline - now())
      await nextTurn()
      if (inFlight.count === 0) return
    }
  }

  return {
    profile,
    topics,
    subscriber,
    get state() {
      return state
    },
    get servedUntil() {
      return session ? session.servedUntil() : servedUntil
    },
    put(socket, socketCredentials) {
      const known = credentials.get(socket.socket_id)
      const changed = known && JSON.stringify(known) !== JSON.stringify(socketCredentials)
      credentials.delete(socket.socket_id)
      credentials.set(socket.socket_id, socketCredentials)
      topics.put(socket)
      if (changed || (!known && state.refused)) {
        credentialTurn = 0
        // Only new credentials need a new connection; the session and its queue stay.
        if (changed) closeBecause('connecting again with new credentials')
        wake?.()
      }
      if (!running && !leaving.signal.aborted) {
        running = true
        loop = run()
      } else {
        subscriber.reconcile()
      }
    },
    remove(socketId) {
      credentials.delete(socketId)
      topics.remove(socketId)
      subscriber.reconcile()
    },
    async publish(topic, payload, publishOptions) {
      if (!transport) throw new Error('not connected to the broker')
      const comesBack = profile.protocolVersion !== 5 && topics.receivers(topic).length > 0
      if (comesBack) echoes.expect(topic, payload)
      try {
        await transport.publish(topic, payload, publishOptions)
      } catch (error) {
        // What may have been sent may come back, late.
        if (comesBack && !(error instanceof UnacknowledgedError)) echoes.cancel(topic, payload)
        throw error
      }
    },
    stop,
    abandon() {
      leaving.abort()
      abandoned.abort()
      stopping = true
      wake?.()
      subscriber.detach()
      transport?.destroy()
      setState({ state: 'none' })
    },
    async discard() {
      const reachable = transport !== null
      await stop()
      // Where the broker is away, its copy of the session expires by itself; waiting for it would hold up a new connection.
      if (profile.cleanSession || !reachable || abandoned.signal.aborted || !options.mayConnect()) return
      const ignore = { onPublish: (_message: IncomingPublish, next: () => void) => next(), onClose() {} }
      try {
        const last = await options.connect(profile, nextCredentials(), ignore, {
          cleanSession: true,
          signal: AbortSignal.any([AbortSignal.timeout(DISCARD_TIMEOUT), abandoned.signal]),
        })
        await last.disconnect()
      } catch {
        // The broker went away or refuses us by now: nothing more to tidy up from here.
      }
    },
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
