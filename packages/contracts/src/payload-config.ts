import { type Static, Type } from '@sinclair/typebox'
import { MEASUREMENT_NAMES } from './measurements.ts'
import { PayloadMapping } from './payload-mapping.ts'

/** Every name of `payload_config.format`; the decoders of packages/payload-decoders carry them with a version. */
export const PAYLOAD_FORMATS = [
  'auto',
  'mapping',
  'flat-json',
  'nested-json',
  'tasmota',
  'openbeken',
  'shelly-gen1',
  'shelly-rpc',
  'zigbee2mqtt',
  'milesight',
  'meross',
  'kasa',
  'tuya',
  'netio',
  'gude',
  'mpower',
  'iammeter',
  'victron',
  'home-assistant',
  'sparkplug-b',
  'plain-value',
  'csv',
] as const
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number]

const ExpectedMeasurements = Type.Array(Type.Union(MEASUREMENT_NAMES.map((name) => Type.Literal(name))), {
  maxItems: MEASUREMENT_NAMES.length,
  description: 'Measurements that every complete message carries; one that lacks some says so in `quality`',
})

/** How a socket's payloads are read. */
export const PayloadConfig = Type.Object(
  {
    format: Type.Optional(
      Type.Union(
        PAYLOAD_FORMATS.map((format) => Type.Literal(format)),
        { default: 'auto', description: '`auto` decides from the message; any other name forces that decoder' },
      ),
    ),
    channel: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Integer({ minimum: 0, maximum: 65_535 })], {
        description:
          "Which outlet of a payload is this socket's, in the device's own numbering (Shelly from 0, Tasmota, NETIO, GUDE and mPower from 1)",
      }),
    ),
    mapping: Type.Optional(PayloadMapping),
    profile: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Id or name of a shared payload profile' }),
    ),
    timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "IANA name; default: the PDU's" })),
    expected: Type.Optional(
      Type.Union([
        ExpectedMeasurements,
        Type.Object(
          {
            interval_seconds: Type.Optional(
              Type.Number({ exclusiveMinimum: 0, maximum: 86_400, description: 'How often a message is due' }),
            ),
            measurements: Type.Optional(ExpectedMeasurements),
          },
          { additionalProperties: false },
        ),
      ]),
    ),
    subtree: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Also takes the topics below its own: for devices that publish each value on a topic',
      }),
    ),
  },
  { $id: 'PayloadConfig', additionalProperties: false },
)
export type PayloadConfig = Static<typeof PayloadConfig>

/** A device has fallen silent when so many of its intervals have passed without a message. */
const INTERVALS_UNTIL_SILENT = 3

/** Milliseconds after which a device is silent, by how often a message is due; null: that was not told. */
export function silentAfter(config: PayloadConfig | null): number | null {
  const expected = config?.expected
  const seconds = Array.isArray(expected) ? undefined : expected?.interval_seconds
  return seconds === undefined ? null : seconds * 1_000 * INTERVALS_UNTIL_SILENT
}
