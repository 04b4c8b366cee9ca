import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { Measurements } from '../measurements.ts'
import { nullable } from './fields.ts'
import { pageQuery } from './page.ts'

const PARTS = {
  measurements: Measurements,
  phases: nullable(Type.Record(Type.String(), Type.Unknown())),
  extra: nullable(Type.Record(Type.String(), Type.Unknown())),
}

/** `GET /mqtt/devices/:deviceId/state`: the newest known value of each measurement, merged from the device's readings. */
export const DeviceState = Type.Object(
  {
    device_id: Id,
    socket_id: Id,
    measured_at: Timestamp,
    last_seen_at: Timestamp,
    updated_at: Timestamp,
    ...PARTS,
  },
  { $id: 'DeviceState', additionalProperties: false },
)
export type DeviceState = Static<typeof DeviceState>

/** One row of `device_data_logs`. */
export const DeviceReading = Type.Object(
  {
    id: Id,
    timestamp: Type.String({ format: 'date-time', description: 'When the gateway received it' }),
    measured_at: Timestamp,
    socket_id: Id,
    ...PARTS,
    quality: Type.Array(Type.String()),
    retained: Type.Boolean(),
    qos: Type.Integer({ minimum: 0, maximum: 2 }),
    decoder: Type.String(),
    data_json: Type.Unknown({ description: 'The payload as published' }),
  },
  { $id: 'DeviceReading', additionalProperties: false },
)
export type DeviceReading = Static<typeof DeviceReading>

/** `GET /mqtt/devices/:deviceId/telemetry`: newest first; `from` inclusive, `to` exclusive, both on `timestamp`. */
export const DeviceTelemetryQuery = pageQuery({ from: Type.Optional(Timestamp), to: Type.Optional(Timestamp) })
export type DeviceTelemetryQuery = Static<typeof DeviceTelemetryQuery>
