import type { BrokerView, MqttConfigView } from '@iomt/contracts/rest/broker-block'
import type { BrokerRow } from './broker-row.ts'

/** A broker block as a read shows it: every secret is only said to be there. */
export function brokerView(row: BrokerRow): BrokerView {
  const { mqtt_credentials: credentials, mqtt_config: config } = row
  return {
    mqtt_broker_host: row.mqtt_broker_host,
    mqtt_broker_port: row.mqtt_broker_port,
    mqtt_credentials: { username: credentials.username ?? null, password_set: credentials.password_set ?? false },
    mqtt_config: configView(config, credentials.tls_key_set ?? false),
  }
}

function configView(config: BrokerRow['mqtt_config'], keySet: boolean): MqttConfigView {
  const { tls, ...rest } = config
  if (!tls) return rest
  // The column never holds the key; taken out all the same, since this is what every answer, event and audit entry shows.
  const { key: _key, ...shown } = tls
  return { ...rest, tls: { ...shown, key_set: keySet } }
}
