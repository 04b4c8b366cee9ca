import type { MqttConfig } from '@iomt/contracts/mqtt-config'
import type { StoredCredentials } from '@iomt/database/tables/broker-columns'

/** The broker columns of a PDU or socket as a select gives them. */
export interface BrokerRow {
  readonly mqtt_broker_host: string | null
  readonly mqtt_broker_port: number
  readonly mqtt_credentials: StoredCredentials
  readonly mqtt_config: MqttConfig
}

export const BROKER_COLUMNS = ['mqtt_broker_host', 'mqtt_broker_port', 'mqtt_credentials', 'mqtt_config'] as const
