import { type Static, Type } from '@sinclair/typebox'

export const MqttTls = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ default: false })),
    ca: Type.Optional(
      Type.String({ maxLength: 65_536, description: 'PEM certificates trusted instead of the system set' }),
    ),
    cert: Type.Optional(Type.String({ maxLength: 65_536, description: 'PEM client certificate' })),
    key: Type.Optional(
      Type.String({ maxLength: 65_536, writeOnly: true, description: 'PEM private key; a read shows `key_set`' }),
    ),
    server_name: Type.Optional(
      Type.String({ maxLength: 255, description: 'SNI and the name the certificate must carry' }),
    ),
    verify: Type.Optional(Type.Boolean({ default: true })),
  },
  { additionalProperties: false },
)
export type MqttTls = Static<typeof MqttTls>

/** `mqtt_config` of a PDU or socket as a client writes it. Every field may be left out; see {@link MQTT_CONFIG_DEFAULTS}. */
export const MqttConfig = Type.Object(
  {
    qos: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2,
        default: 1,
        description: 'Quality of service to subscribe and publish with',
      }),
    ),
    retain: Type.Optional(
      Type.Boolean({ default: false, description: 'Retain flag of what is published to the socket' }),
    ),
    keepalive: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 65_535, default: 60, description: 'Seconds; 0 = off' }),
    ),
    clean_session: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'False: the broker keeps QoS 1 messages over a restart or failover of the gateway',
      }),
    ),
    protocol_version: Type.Optional(
      Type.Union([Type.Literal(4), Type.Literal(5)], { default: 4, description: '4 = MQTT 3.1.1, 5 = MQTT 5' }),
    ),
    tls: Type.Optional(MqttTls),
  },
  { additionalProperties: false },
)
export type MqttConfig = Static<typeof MqttConfig>

/** `mqtt_credentials` as a client writes it. `password: null` removes the stored password; leaving it out keeps it. */
export const MqttCredentials = Type.Object(
  {
    username: Type.Optional(Type.Union([Type.String({ maxLength: 1024 }), Type.Null()])),
    password: Type.Optional(Type.Union([Type.String({ maxLength: 65_535, writeOnly: true }), Type.Null()])),
  },
  { additionalProperties: false },
)
export type MqttCredentials = Static<typeof MqttCredentials>

/** `mqtt_credentials` as a read shows it: secrets are write-only. */
export const MqttCredentialsView = Type.Object(
  { username: Type.Union([Type.String(), Type.Null()]), password_set: Type.Boolean() },
  { additionalProperties: false },
)
export type MqttCredentialsView = Static<typeof MqttCredentialsView>

export const MQTT_CONFIG_DEFAULTS = {
  qos: 1,
  retain: false,
  keepalive: 60,
  clean_session: false,
  protocol_version: 4,
} as const

export const DEFAULT_BROKER_PORT = 1883
