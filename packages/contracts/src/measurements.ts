import { type Static, Type } from '@sinclair/typebox'

/**
 * The normalised measurements and their units, the same names in REST, NATS and Postgres. A field is absent when the
 * message did not carry it; 0 and false are values.
 */
export const Measurements = Type.Object(
  {
    voltage: Type.Optional(Type.Number({ description: 'V, root mean square' })),
    current: Type.Optional(Type.Number({ description: 'A, root mean square' })),
    active_power: Type.Optional(Type.Number({ description: 'W' })),
    apparent_power: Type.Optional(Type.Number({ description: 'VA' })),
    reactive_power: Type.Optional(Type.Number({ description: 'var' })),
    power_factor: Type.Optional(Type.Number({ description: 'active / apparent power, -1..1' })),
    frequency: Type.Optional(Type.Number({ description: 'Hz' })),
    energy: Type.Optional(Type.Number({ description: 'kWh, cumulative counter' })),
    temperature: Type.Optional(Type.Number({ description: '°C' })),
    relay_on: Type.Optional(Type.Boolean({ description: 'the socket delivers power' })),
  },
  { additionalProperties: false },
)
export type Measurements = Static<typeof Measurements>

/** Every measurement that is a number, in the order tables show them. */
export const NUMERIC_MEASUREMENTS = [
  'voltage',
  'current',
  'active_power',
  'apparent_power',
  'reactive_power',
  'power_factor',
  'frequency',
  'energy',
  'temperature',
] as const
/** No meter shows more in size, and sums of more overflow: larger values are stored as they came and left out of what is made of them. */
export const LARGEST_MEASUREMENT = 1e100

export type NumericMeasurement = (typeof NUMERIC_MEASUREMENTS)[number]

export const MEASUREMENT_NAMES = [...NUMERIC_MEASUREMENTS, 'relay_on'] as const
export type MeasurementName = (typeof MEASUREMENT_NAMES)[number]
