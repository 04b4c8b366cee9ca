import type { ConnectionCredentials, ConnectionProfile } from './connection-profile.ts'

/** A PUBLISH from the broker. */
export interface IncomingPublish {
  readonly topic: string
  /** Of one above `PAYLOAD_BYTES_KEPT` only as many of its first bytes. */
  readonly payload: Buffer
  /** Size of the whole payload. */
  readonly payloadBytes: number
  readonly qos: 0 | 1 | 2
  /** Undefined at QoS 0. */
  readonly packetId: number | undefined
  readonly dup: boolean
  readonly retain: boolean
}

export interface TransportHandlers {
  /** The next message is read once `next` has been called; not calling it is back-pressure on the broker. */
  onPublish(message: IncomingPublish, next: () => void): void
  /** The connection is gone, for whatever reason; called once. */
  onClose(reason: string): void
}

/** One established MQTT connection; gone for good when it closes. */
export interface Transport {
  /** The broker kept the session of this client id (CONNACK). */
  readonly sessionPresent: boolean
  /** Answers the SUBACK code of each filter, in order. Rejects when the connection closes first. */
  subscribe(filters: readonly { topic: string; qos: number }[]): Promise<number[]>
  unsubscribe(topics: readonly string[]): Promise<void>
  /**
   * At QoS 1 and 2 it resolves after the broker's acknowledgement.
   *
   * @throws UnacknowledgedError after 5 s without one, or when the connection closes first; another error when nothing was
   * sent, or the broker refuses.
   */
  publish(topic: string, payload: Buffer, options: { qos: 0 | 1 | 2; retain: boolean }): Promise<void>
  /** PUBACK (QoS 1) or PUBREC (QoS 2) for each, in order; into this connection or nowhere. */
  acknowledge(messages: readonly { packetId: number; qos: 1 | 2 }[]): void
  /** Sends DISCONNECT and closes; the session stays at the broker unless it is a clean one. */
  disconnect(): Promise<void>
  /** Closes at once without DISCONNECT. */
  destroy(): void
}

/** The broker answered CONNECT with a refusal. */
export class ConnectionRefusedError extends Error {
  override readonly name = 'ConnectionRefusedError'
  readonly badCredentials: boolean

  constructor(message: string, badCredentials: boolean) {
    super(message)
    this.badCredentials = badCredentials
  }
}

/** Nothing says whether the broker has taken what was published: it was sent, or may have been. */
export class UnacknowledgedError extends Error {
  override readonly name = 'UnacknowledgedError'
}

/**
 * Opens one connection.
 *
 * @throws an error when `signal` aborts first, ConnectionRefusedError, or the network's error (`ECONNREFUSED`, TLS, no CONNACK within 10 s).
 */
export type ConnectTransport = (
  profile: ConnectionProfile,
  credentials: ConnectionCredentials,
  handlers: TransportHandlers,
  options: { cleanSession: boolean; signal: AbortSignal },
) => Promise<Transport>
