import { type Static, Type } from '@sinclair/typebox'
import { Timestamp } from '../codes.ts'
import { nullable } from './fields.ts'
import { TimeZoneName } from './telemetry-history.ts'

export const ENERGY_PERIODS = ['hour', 'day', 'month'] as const
export type EnergyPeriodName = (typeof ENERGY_PERIODS)[number]

/** `GET …/energy` of a device, socket, PDU or department. */
export const EnergyQuery = Type.Object(
  {
    from: Type.Optional(
      Type.String({
        format: 'date-time',
        description:
          'Inclusive, rounded down to the hour, or to where a period begins within it; default: 30 days before `to`',
      }),
    ),
    to: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'Exclusive, rounded up to the hour, or to where a period begins within it; default: now',
      }),
    ),
    period: Type.Optional(
      Type.Union(
        ENERGY_PERIODS.map((name) => Type.Literal(name)),
        { default: 'day' },
      ),
    ),
    timezone: Type.Optional(TimeZoneName),
    price_per_kwh: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000_000 })),
    currency: Type.Optional(
      Type.String({
        pattern: '^[A-Z]{3}$',
        description: 'ISO 4217; only repeated in the answer',
        examples: ['VND', 'EUR'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type EnergyQuery = Static<typeof EnergyQuery>

const CONSUMPTION = {
  kwh: nullable(Type.Number({ description: 'Null: no reading carried the counter' })),
  cost: nullable(Type.Number({ description: 'Null without `price_per_kwh`' })),
  coverage: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Share of the time so far that lies in no silence of more than 15 minutes from one hour to another',
  }),
  complete: Type.Boolean({ description: 'It is over, and no such silence lies in it or ends in it' }),
}

export const EnergyPeriod = Type.Object(
  { from: Timestamp, to: Timestamp, ...CONSUMPTION },
  { $id: 'EnergyPeriod', additionalProperties: false },
)
export type EnergyPeriod = Static<typeof EnergyPeriod>

/**
 * Consumption by the counters: what was consumed between two readings counts in the period of the later one, so nothing is
 * lost where readings are missing, only its place in time.
 */
export const Energy = Type.Object(
  {
    from: Timestamp,
    to: Timestamp,
    period: Type.String(),
    timezone: Type.String(),
    price_per_kwh: nullable(Type.Number()),
    currency: nullable(Type.String()),
    sockets: Type.Integer({ minimum: 0, description: 'Whose counters are in it' }),
    total: Type.Object(CONSUMPTION, { additionalProperties: false }),
    items: Type.Array(EnergyPeriod),
  },
  { $id: 'Energy', additionalProperties: false },
)
export type Energy = Static<typeof Energy>
