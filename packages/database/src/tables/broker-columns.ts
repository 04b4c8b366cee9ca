import type { CredentialEnvelope } from '@iomt/contracts/credential-envelope'
import type { MqttConfig } from '@iomt/contracts/mqtt-config'
import type { Generated, JSONColumnType } from 'kysely'

/** `mqtt_credentials` at rest: the name in clear, every secret in the envelope. */
export interface StoredCredentials {
  username?: string
  /** Says which secrets the envelope holds, so that a read needs no key. */
  password_set?: boolean
  tls_key_set?: boolean
  envelope?: CredentialEnvelope
}

/** The broker block that a PDU offers to its sockets and a socket may have of its own. */
export interface BrokerColumns {
  mqtt_broker_host: string | null
  mqtt_broker_port: Generated<number>
  mqtt_credentials: JSONColumnType<StoredCredentials, string | undefined, string>
  /** Never holds `tls.key`; that is in the envelope. */
  mqtt_config: JSONColumnType<MqttConfig, string | undefined, string>
}
