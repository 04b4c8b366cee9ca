import { type Static, type TProperties, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { Measurements } from '../measurements.ts'
import { nullable } from './fields.ts'
import { MeasurementList } from './measurement-list.ts'

/** Items of a page that is asked for with a range or a step; without either it is the page size of every list. */
export const DEFAULT_HISTORY_LIMIT = 2_000
export const MAX_HISTORY_LIMIT = 10_000

/** IANA name; offsets know no summer time. */
export const TimeZoneName = Type.String({
  minLength: 1,
  maxLength: 64,
  description: "IANA name; where days and months begin. Default: the PDU's, UTC for a device",
  examples: ['Asia/Ho_Chi_Minh', 'UTC'],
})

export const AGGREGATES = ['avg', 'min', 'max', 'last', 'sum', 'count', 'delta'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/** How an answer comes; `Accept: text/csv` and `application/x-ndjson` do the same. */
const Format = Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('ndjson')], {
  description: '`csv` and `ndjson` are the whole range as a stream, without pages',
})

const HISTORY_PARAMETERS = {
  from: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'Inclusive, on `measured_at`; rounded down to the start of its step',
    }),
  ),
  to: Type.Optional(
    Type.String({ format: 'date-time', description: 'Exclusive; a step that begins before it is whole. Default: now' }),
  ),
  step: Type.Optional(
    Type.String({
      maxLength: 16,
      description:
        '`raw` for readings as they were stored, or a time: `1m`, `5m`, `1h`, `6h`, `1d`, `7d`, … Default with a range: raw (of a device or socket), 1m, 1h or 1d, whichever keeps the answer below about 1,500 points. Without a range: raw',
      examples: ['raw', '1m', '15m', '1h', '1d'],
    }),
  ),
  agg: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: `With commas between: ${AGGREGATES.join(', ')}. Default: avg, but last of relay_on and delta (what was consumed) of energy`,
      examples: ['avg,max', 'delta'],
    }),
  ),
  measurements: Type.Optional(MeasurementList),
  order: Type.Optional(
    Type.Union([Type.Literal('asc'), Type.Literal('desc')], {
      description: 'Of raw readings; default desc, newest first. Points come in the order of time',
    }),
  ),
  timezone: Type.Optional(TimeZoneName),
  format: Type.Optional(Format),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_HISTORY_LIMIT,
      description: `Items a page at most (of readings as they were stored some 16 MB); default ${DEFAULT_HISTORY_LIMIT}, and 50 without a range or a step`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: '`next_cursor` of the page before; opaque' }),
  ),
}

function historyQuery<More extends TProperties>(more: More) {
  return Type.Object({ ...HISTORY_PARAMETERS, ...more }, { additionalProperties: false })
}

/** `GET /mqtt/devices/:deviceId/telemetry` and `GET /sockets/:id/telemetry` */
export const TelemetryHistoryQuery = historyQuery({})
export type TelemetryHistoryQuery = Static<typeof TelemetryHistoryQuery>

/** `GET /pdus/:id/telemetry` and `GET /departments/:id/telemetry` */
export const TotalsHistoryQuery = historyQuery({
  group_by: Type.Optional(Type.Literal('socket', { description: 'One series a socket instead of their total' })),
})
export type TotalsHistoryQuery = Static<typeof TotalsHistoryQuery>

/** One row of `device_data_logs`. */
export const DeviceReading = Type.Object(
  {
    id: Id,
    timestamp: Type.String({ format: 'date-time', description: 'When the gateway received it' }),
    measured_at: Timestamp,
    socket_id: Id,
    device_id: nullable(Id),
    measurements: Measurements,
    phases: nullable(Type.Record(Type.String(), Type.Unknown())),
    extra: nullable(Type.Record(Type.String(), Type.Unknown())),
    quality: Type.Array(Type.String()),
    retained: Type.Boolean(),
    qos: Type.Integer({ minimum: 0, maximum: 2 }),
    decoder: Type.String(),
    data_json: Type.Unknown({ description: 'The payload as published' }),
  },
  { $id: 'DeviceReading', additionalProperties: false },
)
export type DeviceReading = Static<typeof DeviceReading>

const Value = Type.Union([Type.Number(), Type.Boolean()])

/** What became of the measurements within one step. */
export const TelemetryPoint = Type.Object(
  {
    timestamp: Type.String({ format: 'date-time', description: 'Start of the step' }),
    socket_id: nullable(Type.String({ format: 'uuid', description: 'Null when several sockets are behind the point' })),
    sockets: Type.Integer({ minimum: 1, description: 'That have sent something within the step' }),
    readings: Type.Integer({ minimum: 0 }),
    measurements: Type.Record(
      Type.String(),
      Type.Object(Object.fromEntries(AGGREGATES.map((name) => [name, Type.Optional(Value)])), {
        additionalProperties: false,
      }),
      { description: 'By measurement and aggregate; absent where no reading carried the measurement' },
    ),
  },
  {
    $id: 'TelemetryPoint',
    additionalProperties: false,
    examples: [
      {
        timestamp: '2026-11-23T09:00:00.000Z',
        socket_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        sockets: 1,
        readings: 360,
        measurements: { active_power: { avg: 41.7 }, energy: { delta: 0.0417 }, relay_on: { last: true } },
      },
    ],
  },
)
export type TelemetryPoint = Static<typeof TelemetryPoint>

export const Resolution = Type.Union(
  [Type.Literal('raw'), Type.Literal('1m'), Type.Literal('1h'), Type.Literal('1d')],
  { description: 'What the answer was made from: readings, or their rollups' },
)
export type Resolution = Static<typeof Resolution>

/** Readings when `resolution` is `raw`, points otherwise. */
export const TelemetryHistory = Type.Object(
  {
    resolution: Resolution,
    step: Type.String({ description: '`raw`, or the length of a step such as `15m`' }),
    timezone: Type.String({ description: 'Where days begin' }),
    items: Type.Array(Type.Union([DeviceReading, TelemetryPoint])),
    next_cursor: Type.Union([Type.String(), Type.Null()], {
      description:
        'Null on the last page. A page may be shorter than `limit` and still have one: of points, or of readings of some 16 MB together',
    }),
  },
  { $id: 'TelemetryHistory', additionalProperties: false },
)
export type TelemetryHistory = Static<typeof TelemetryHistory>
