import type { NatsConnection, Status } from '@nats-io/nats-core'

/** What happens to a connection, seen by {@link watchConnection}. */
export interface ConnectionListener {
  onDisconnect?(): void
  onReconnect?(): void
  onClose?(): void
}

/** Calls the listener until `stop` or until the connection is closed for good. */
export function watchConnection(connection: NatsConnection, listener: ConnectionListener): { stop(): void } {
  // The declared type hides it, but what it returns can be stopped; otherwise it would live as long as the connection.
  const statuses = connection.status() as AsyncIterable<Status> & { stop?: () => void }
  const watch = async () => {
    for await (const status of statuses) {
      if (status.type === 'disconnect') listener.onDisconnect?.()
      else if (status.type === 'reconnect') listener.onReconnect?.()
      else if (status.type === 'close') listener.onClose?.()
    }
  }
  watch().catch(() => listener.onClose?.())
  return { stop: () => statuses.stop?.() }
}
