import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { Measurements } from '../measurements.ts'
import { nullable } from './fields.ts'

/** `GET /mqtt/devices/:deviceId/state`: the newest known value of each measurement, merged from the device's readings. */
export const DeviceState = Type.Object(
  {
    device_id: Id,
    socket_id: Id,
    measured_at: Timestamp,
    last_seen_at: Timestamp,
    updated_at: Timestamp,
    measurements: Measurements,
    phases: nullable(Type.Record(Type.String(), Type.Unknown())),
    extra: nullable(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: 'DeviceState', additionalProperties: false },
)
export type DeviceState = Static<typeof DeviceState>

export const DEFAULT_STATES_LIMIT = 500
export const MAX_STATES_LIMIT = 5_000

/** `GET /mqtt/states`: of every device that has sent something; PDU and department are those it is on now. */
export const DeviceStatesQuery = Type.Object(
  {
    organization_id: Type.Optional(Id),
    department_id: Type.Optional(Id),
    pdu_id: Type.Optional(Id),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_STATES_LIMIT,
        default: DEFAULT_STATES_LIMIT,
        description: 'Items a page',
      }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: '`next_cursor` of the page before; opaque' }),
    ),
  },
  { additionalProperties: false },
)
export type DeviceStatesQuery = Static<typeof DeviceStatesQuery>
