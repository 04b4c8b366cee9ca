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
export const TelemetryStreamGap = Type.Object(
  {
    from: Type.Integer({ description: 'First sequence that is gone' }),
    to: Type.Union([Type.Integer(), Type.Null()], { description: 'Last sequence that is gone; null: nobody knows' }),
    reason: Type.Union([Type.Literal('expired'), Type.Literal('restarted')], {
      description: '`expired`: aged out or purged; `restarted`: the stream was made anew and counts from 1 again',
    }),
  },
  { $id: 'TelemetryStreamGap', additionalProperties: false },
)
export type TelemetryStreamGap = Static<typeof TelemetryStreamGap>

export const STREAM_DROP_REASONS = ['too-slow', 'server-busy', 'key-no-longer-valid', 'server-stops'] as const
/** Why the server ends a stream. */
export type StreamDropReason = (typeof STREAM_DROP_REASONS)[number]

/** Data of the event `dropped`, the last one: the server ends the stream. A new request with `Last-Event-ID` goes on. */
export const TelemetryStreamDropped = Type.Object(
  {
    reason: Type.Union(STREAM_DROP_REASONS.map((reason) => Type.Literal(reason))),
    detail: Type.String(),
  },
  { $id: 'TelemetryStreamDropped', additionalProperties: false },
)
