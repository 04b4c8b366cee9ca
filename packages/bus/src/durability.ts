import { isAtLeast } from './server-version.ts'

/** What an acknowledgement of JetStream promises on this server; said at start-up, so that nobody believes in more. */
export interface Durability {
  readonly server: string
  readonly promise: string
  readonly surviveKill: true
  readonly survivePowerLoss: boolean
}

/**
 * nats-server before 2.10 never fsyncs, later ones every `sync_interval` (2 minutes unless configured): an acknowledged
 * message survives the process, not the machine. Replicas on other machines survive it.
 */
export function describeDurability(serverVersion: string, replicas: number): Durability {
  const canSync = isAtLeast(serverVersion, '2.10')
  const promise =
    replicas > 1
      ? `stored on ${replicas} servers: survives the loss of ${Math.floor((replicas - 1) / 2)}`
      : canSync
        ? 'survives a killed server; a power cut can lose what came after the last sync (set `sync_interval: always`, or 3 replicas)'
        : 'survives a killed server; a power cut can lose recent messages (nats-server before 2.10 never syncs: upgrade, or use 3 replicas)'
  return { server: serverVersion, promise, surviveKill: true, survivePowerLoss: replicas > 1 }
}
