import { type Static, Type } from '@sinclair/typebox'
import { MEASUREMENT_NAMES, NUMERIC_MEASUREMENTS } from './measurements.ts'

/** Most fields in one mapping; a reading has 10 measurements and three phases. */
const MAX_FIELDS = 100

/** Where a value is, and how it becomes a measurement: `value × scale + offset`, then from `unit` to the canonical unit. */
export const MappedField = Type.Object(
  {
    pointer: Type.Optional(
      Type.String({
        maxLength: 500,
        description: 'JSON Pointer (RFC 6901); the empty pointer is the whole payload',
        examples: ['/ENERGY/Power', '/outlets/0/current'],
      }),
    ),
    column: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0, maximum: 999 }), Type.String({ minLength: 1, maxLength: 100 })], {
        description: 'CSV column: its index from 0, or its name in `csv.columns`',
      }),
    ),
    scale: Type.Optional(Type.Number({ description: 'Multiplies the value; default 1' })),
    offset: Type.Optional(Type.Number({ description: 'Is added after scaling; default 0' })),
    unit: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20,
        description: 'Unit of the scaled value',
        examples: ['mA', 'kW', '%'],
      }),
    ),
    values: Type.Optional(
      Type.Record(Type.String({ maxLength: 100 }), Type.Union([Type.Boolean(), Type.Number(), Type.Null()]), {
        description: 'What texts (or numbers, written as text) mean; null: no value. Any other is a doubt',
        examples: [{ open: true, close: false }],
      }),
    ),
    decimal: Type.Optional(
      Type.Union([Type.Literal('.'), Type.Literal(',')], { description: 'Decimal sign of numbers in text; default .' }),
    ),
  },
  { additionalProperties: false },
)
export type MappedField = Static<typeof MappedField>

const numericFields = Object.fromEntries(NUMERIC_MEASUREMENTS.map((name) => [name, Type.Optional(MappedField)]))
const MappedPhase = Type.Object(numericFields, { additionalProperties: false, minProperties: 1 })

export const MappedTimestamp = Type.Object(
  {
    pointer: Type.Optional(Type.String({ maxLength: 500 })),
    column: MappedField.properties.column,
    format: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 60,
        description:
          '`auto` (default: ISO 8601, epoch seconds or milliseconds), `iso`, `epoch-seconds`, `epoch-milliseconds`, or a pattern of YYYY MM DD HH mm ss SSS',
        examples: ['auto', 'DD/MM/YYYY HH:mm:ss'],
      }),
    ),
    timezone: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: "IANA name; default: the socket's, then the PDU's" }),
    ),
  },
  { additionalProperties: false },
)
export type MappedTimestamp = Static<typeof MappedTimestamp>

/** How any JSON, CSV or plain number becomes a reading, without code. */
export interface PayloadMapping {
  source?: 'json' | 'csv' | 'text'
  csv?: { separator?: string; columns?: string[] }
  measurements?: { [Name in (typeof MEASUREMENT_NAMES)[number]]?: MappedField }
  phases?: { [Phase in 'l1' | 'l2' | 'l3']?: { [Name in (typeof NUMERIC_MEASUREMENTS)[number]]?: MappedField } }
  extra?: Record<string, MappedField>
  timestamp?: MappedTimestamp
  partial?: boolean
}

/** Its type is written out above: a schema made from a list of names has none that is useful. */
export const PayloadMapping = Type.Unsafe<PayloadMapping>(
  Type.Object(
    {
      source: Type.Optional(
        Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('text')], {
          description:
            '`json` (default), `csv` (one line of values), or `text`: the payload is one number or word, which each field reads',
        }),
      ),
      csv: Type.Optional(
        Type.Object(
          {
            separator: Type.Optional(Type.String({ minLength: 1, maxLength: 1, description: 'Default: a comma' })),
            columns: Type.Optional(
              Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
                maxItems: 1_000,
                description: 'Names of the columns, in order',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      ),
      measurements: Type.Optional(
        Type.Object(Object.fromEntries(MEASUREMENT_NAMES.map((name) => [name, Type.Optional(MappedField)])), {
          additionalProperties: false,
        }),
      ),
      phases: Type.Optional(
        Type.Object(
          { l1: Type.Optional(MappedPhase), l2: Type.Optional(MappedPhase), l3: Type.Optional(MappedPhase) },
          { additionalProperties: false },
        ),
      ),
      extra: Type.Optional(
        Type.Record(Type.String({ minLength: 1, maxLength: 100 }), MappedField, { maxProperties: MAX_FIELDS }),
      ),
      timestamp: Type.Optional(MappedTimestamp),
      partial: Type.Optional(Type.Boolean({ description: 'Messages carry only what changed; default false' })),
    },
    {
      $id: 'PayloadMapping',
      additionalProperties: false,
      examples: [
        {
          measurements: { active_power: { pointer: '/meter/kw', unit: 'kW' }, voltage: { pointer: '/meter/u' } },
          timestamp: { pointer: '/at', format: 'DD/MM/YYYY HH:mm:ss' },
        },
      ],
    },
  ),
)
