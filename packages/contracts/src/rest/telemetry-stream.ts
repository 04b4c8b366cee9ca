import { type Static, Type } from '@sinclair/typebox'
import { Id } from '../codes.ts'
import { MeasurementList } from './measurement-list.ts'

/** `GET /telemetry/stream`: filters narrow together; by id, as everywhere in the API, because codes can be changed. */
export const TelemetryStreamQuery = Type.Object(
  {
    organization_id: Type.Optional(Id),
    department_id: Type.Optional(Id),
    pdu_id: Type.Optional(Id),
    socket_id: Type.Optional(Id),
    device_id: Type.Optional(Id),
    measurements: Type.Optional(MeasurementList),
    last_event_id: Type.Optional(
      Type.String({
        maxLength: 16,
        description:
          'Go on after this event, as the header `Last-Event-ID` says it; the header counts when both are there',
        examples: ['4711'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type TelemetryStreamQuery = Static<typeof TelemetryStreamQuery>

/** Data of the event `gap`: readings that the stream no longer has, so that nothing of them can be sent. */
export interface TelemetryStreamGap {
  /** First sequence that is gone. */
  readonly from: number
  /** Last sequence that is gone; null: nobody knows. */
  readonly to: number | null
  /** `expired`: aged out or purged; `restarted`: the stream was made anew and counts from 1 again. */
  readonly reason: 'expired' | 'restarted'
}

/** `reason` of the event `dropped`, the last one: why the server ends the stream. */
export type StreamDropReason = 'too-slow' | 'server-busy' | 'key-no-longer-valid' | 'server-stops'
