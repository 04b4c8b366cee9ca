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

/** MQTT 3.1.1 and 5, 3.1.3: the length of user name and password is two bytes in CONNECT. */
const MAX_CREDENTIAL_BYTES = 65_535

/**
 * `mqtt_credentials` as a client writes it. `password: null` removes the stored password; leaving it out keeps it. There is no
 * password without a username: MQTT 3.1.1 forbids it (MQTT-3.1.2-22), and mqtt.js refuses it for MQTT 5 too.
 */
export const MqttCredentials = Type.Object(
  {
    username: Type.Optional(
      Type.Union([Type.String({ maxLength: 1024 }), Type.Null()], {
        description: 'Required beside a password, also one that is stored already',
      }),
    ),
    password: Type.Optional(
      // Counted in characters, of which each has a byte at least; {@link credentialLengthProblem} counts bytes.
      Type.Union([Type.String({ maxLength: MAX_CREDENTIAL_BYTES, writeOnly: true }), Type.Null()], {
        description: 'At most 65,535 bytes of UTF-8; null removes the stored one, leaving it out keeps it',
      }),
    ),
  },
  { additionalProperties: false },
)
export type MqttCredentials = Static<typeof MqttCredentials>

/** What is wrong with the length of a user name or password, or null: "80000 bytes, at most 65535 are allowed". */
export function credentialLengthProblem(value: string): string | null {
  const bytes = Buffer.byteLength(value)
  return bytes > MAX_CREDENTIAL_BYTES ? `${bytes} bytes, at most ${MAX_CREDENTIAL_BYTES} are allowed` : null
}

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
