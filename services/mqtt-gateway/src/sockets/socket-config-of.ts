import { MQTT_CONFIG_DEFAULTS } from '@iomt/contracts/mqtt-config'
import { silentAfter } from '@iomt/contracts/payload-config'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { CredentialContext, Vault } from '@iomt/credential-vault/vault'
import { certificateTopics } from '@iomt/payload-decoders/sparkplug/address'
import type { SocketConfig } from '@iomt/socket-mqtt-client/socket-config'

/** Why a socket is not connected, and what its status is then. */
export interface NotConnectable {
  readonly status: 'disabled' | 'unconfigured' | 'error'
  readonly reason: string
}

/**
 * What to connect for a desired state, its credentials opened; or why there is nothing to connect.
 */
export function socketConfigOf(
  state: SocketDesiredState,
  partition: number,
  vault: Vault,
  idleAfter: number,
): SocketConfig | NotConnectable {
  if (!state.enabled) return { status: 'disabled', reason: 'the socket is switched off (is_enabled: false)' }
  const { broker, topic } = state
  if (!broker) return { status: 'unconfigured', reason: 'neither the socket nor its PDU has an mqtt_broker_host' }
  if (!topic)
    return {
      status: 'unconfigured',
      reason: 'mqtt_base_topic of the PDU or mqtt_topic_suffix of the socket is missing',
    }
  const context: CredentialContext = {
    organizationId: state.organization_id,
    owner: broker.credentials_owner as CredentialContext['owner'],
  }
  try {
    const secrets = broker.credentials ? vault.open(broker.credentials, context) : {}
    return {
      socket_id: state.socket_id,
      socket_number: state.socket_number,
      organization_id: state.organization_id,
      partition,
      topic,
      companions: companionsOf(topic, state.payload_config),
      subtree: state.payload_config?.subtree ?? false,
      mqtt_broker_host: broker.host,
      mqtt_broker_port: broker.port,
      mqtt_credentials: { ...(broker.username !== null ? { username: broker.username } : {}), ...secrets },
      mqtt_config: { ...MQTT_CONFIG_DEFAULTS, ...broker.config },
      idle_after: silentAfter(state.payload_config) ?? idleAfter,
    }
  } catch (error) {
    return { status: 'error', reason: error instanceof Error ? error.message : 'the credentials cannot be opened' }
  }
}

function companionsOf(topic: string, config: SocketDesiredState['payload_config']): readonly string[] {
  const format = config?.format ?? (config?.mapping ? 'mapping' : 'auto')
  return format === 'auto' || format === 'sparkplug-b' ? certificateTopics(topic) : []
}
