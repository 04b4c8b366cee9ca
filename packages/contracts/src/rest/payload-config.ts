import { type Static, Type } from '@sinclair/typebox'

/** How a socket's payloads are read. */
export const PayloadConfig = Type.Object(
  {
    format: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('flat-json')], { default: 'auto' })),
    channel: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Integer({ minimum: 0, maximum: 65_535 })], {
        description: "Which part of a payload is this socket's, when several sockets share one topic",
      }),
    ),
    timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "IANA name; default: the PDU's" })),
    expected: Type.Optional(
      Type.Object(
        {
          interval_seconds: Type.Optional(
            Type.Number({ exclusiveMinimum: 0, maximum: 86_400, description: 'How often a message is due' }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { $id: 'PayloadConfig', additionalProperties: false },
)
export type PayloadConfig = Static<typeof PayloadConfig>
