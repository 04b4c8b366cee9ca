import { type Static, Type } from '@sinclair/typebox'
import { DEFAULT_BROKER_PORT, MqttConfig, MqttCredentials, MqttCredentialsView, MqttTls } from '../mqtt-config.ts'
import { nullable } from './fields.ts'

/** A name or address alone: no scheme, no port, no brackets. Underscores occur in container networks. */
export const BrokerHost = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$',
  description: 'Host name, IPv4 or IPv6 address alone, without scheme, port or brackets',
  examples: ['broker.hospital.example', '192.0.2.7'],
})

export const BrokerPort = Type.Integer({ minimum: 1, maximum: 65_535, default: DEFAULT_BROKER_PORT })

const { key, ...TLS_FIELDS } = MqttTls.properties
const { tls: _tls, ...CONFIG_FIELDS } = MqttConfig.properties

/** `mqtt_config` as a client writes it. */
export const MqttConfigInput = Type.Object(
  {
    ...CONFIG_FIELDS,
    tls: Type.Optional(
      Type.Object(
        {
          ...TLS_FIELDS,
          key: Type.Optional(
            Type.Union([Type.String({ ...key, minLength: 1 }), Type.Null()], {
              writeOnly: true,
              description: 'PEM private key; null removes the stored one, leaving it out of `tls` keeps it',
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { $id: 'MqttConfigInput', additionalProperties: false },
)
export type MqttConfigInput = Static<typeof MqttConfigInput>

/** `mqtt_config` as a read shows it: `tls.key_set` instead of `tls.key`. */
export const MqttConfigView = Type.Object(
  {
    ...CONFIG_FIELDS,
    tls: Type.Optional(Type.Object({ ...TLS_FIELDS, key_set: Type.Boolean() }, { additionalProperties: false })),
  },
  { $id: 'MqttConfigView', additionalProperties: false },
)
export type MqttConfigView = Static<typeof MqttConfigView>

/** The broker block of a PDU or socket in a request; every part may be left out. */
export const BROKER_INPUT_FIELDS = {
  mqtt_broker_host: Type.Optional(nullable(BrokerHost)),
  mqtt_broker_port: Type.Optional(BrokerPort),
  mqtt_credentials: Type.Optional(MqttCredentials),
  mqtt_config: Type.Optional(MqttConfigInput),
}

const BrokerInput = Type.Object(BROKER_INPUT_FIELDS)
export type BrokerInput = Static<typeof BrokerInput>

/** The broker block in an answer. */
export const BROKER_VIEW_FIELDS = {
  mqtt_broker_host: nullable(Type.String()),
  mqtt_broker_port: BrokerPort,
  mqtt_credentials: MqttCredentialsView,
  mqtt_config: MqttConfigView,
}

const BrokerView = Type.Object(BROKER_VIEW_FIELDS)
export type BrokerView = Static<typeof BrokerView>

export const BROKER_EXAMPLE = {
  mqtt_broker_host: 'broker.hospital.example',
  mqtt_broker_port: 1883,
  mqtt_credentials: { username: 'iomt_user', password: 'secure_password' },
  mqtt_config: { qos: 1, retain: false, keepalive: 60, clean_session: false },
}
