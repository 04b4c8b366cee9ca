import { createHash } from 'node:crypto'
import { MQTT_CONFIG_DEFAULTS } from '@iomt/contracts/mqtt-config'
import type { SocketConfig } from './socket-config.ts'

/** All that must be equal for sockets to share one connection. Derived from a socket, so always complete. */
export interface ConnectionProfile {
  /** `iomt-{partition}-{12 hex digits}`: at most 21 characters, MQTT 3.1.1 promises 23 (3.1.3-5). */
  readonly clientId: string
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly cleanSession: boolean
  readonly protocolVersion: 4 | 5
  /** Seconds. */
  readonly keepalive: number
  readonly tls: { ca?: string; cert?: string; serverName?: string; verify: boolean } | null
}

/** What authenticates a connection. Not part of the profile: a rotated password must find the old session again. */
export interface ConnectionCredentials {
  readonly password: string | undefined
  readonly tlsKey: string | undefined
}

/** The part of a socket that its connection is made from. */
export type ConnectionOrigin = Pick<
  SocketConfig,
  'organization_id' | 'partition' | 'mqtt_broker_host' | 'mqtt_broker_port' | 'mqtt_credentials' | 'mqtt_config'
>

export function connectionProfile(socket: ConnectionOrigin): ConnectionProfile {
  const config = socket.mqtt_config
  const tls = config.tls?.enabled
    ? {
        ...(config.tls.ca ? { ca: config.tls.ca } : {}),
        ...(config.tls.cert ? { cert: config.tls.cert } : {}),
        ...(config.tls.server_name ? { serverName: config.tls.server_name } : {}),
        verify: config.tls.verify ?? true,
      }
    : null
  const profile = {
    host: socket.mqtt_broker_host,
    port: socket.mqtt_broker_port,
    username: socket.mqtt_credentials.username,
    cleanSession: config.clean_session ?? MQTT_CONFIG_DEFAULTS.clean_session,
    protocolVersion: config.protocol_version ?? MQTT_CONFIG_DEFAULTS.protocol_version,
    keepalive: config.keepalive ?? MQTT_CONFIG_DEFAULTS.keepalive,
    tls,
  }
  const identity = JSON.stringify([
    socket.organization_id,
    profile.host.toLowerCase(),
    profile.port,
    profile.username ?? null,
    profile.cleanSession,
    profile.protocolVersion,
    profile.keepalive,
    tls ? [tls.ca ?? null, tls.cert ?? null, tls.serverName ?? null, tls.verify] : null,
  ])
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 12)
  return { clientId: `iomt-${socket.partition}-${digest}`, ...profile }
}

export function connectionCredentials(socket: SocketConfig): ConnectionCredentials {
  return { password: socket.mqtt_credentials.password, tlsKey: socket.mqtt_credentials.tls_key }
}
