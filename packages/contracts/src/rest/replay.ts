import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../codes.ts'
import { nullable } from './fields.ts'

const ReplaySource = Type.Union([Type.Literal('dead-letters'), Type.Literal('logs')], {
  description:
    'dead-letters: what was not understood or not stored becomes readings; logs: the measurements of stored readings are made anew, in place',
})

/** `POST /replays`: of one socket, or of all sockets of a PDU. */
export const ReplayCreate = Type.Object(
  {
    source: ReplaySource,
    socket_id: Type.Optional(Id),
    pdu_id: Type.Optional(Id),
    from: { ...Timestamp, description: 'Inclusive; of dead letters when they were received, of logs measured_at' },
    to: { ...Timestamp, description: 'Exclusive' },
    dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Only count what would become of it' })),
  },
  {
    $id: 'ReplayCreate',
    additionalProperties: false,
    examples: [
      {
        source: 'dead-letters',
        socket_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
        from: '2026-11-23T00:00:00Z',
        to: '2026-11-24T00:00:00Z',
        dry_run: true,
      },
    ],
  },
)
export type ReplayCreate = Static<typeof ReplayCreate>

const Count = (description: string) => Type.Integer({ minimum: 0, description })

/** A replay and how far it is. */
export const Replay = Type.Object(
  {
    id: Id,
    organization_id: Id,
    source: ReplaySource,
    socket_id: nullable(Id),
    pdu_id: nullable(Id),
    from: Timestamp,
    to: Timestamp,
    dry_run: Type.Boolean(),
    state: Type.Union(
      [Type.Literal('running'), Type.Literal('done'), Type.Literal('interrupted'), Type.Literal('failed')],
      { description: 'interrupted (a restart), failed: start it again, nothing is stored twice' },
    ),
    examined: Count('Messages looked at'),
    decoded: Count('Of them, those that are readings with the configuration of now'),
    stored: Count('Of those, readings published to be stored, or rows changed'),
    skipped: Count('Stored already, unchanged, or no reading (a status, another outlet)'),
    failed: Count('Not understood, still'),
    reasons: Type.Record(Type.String(), Type.Integer(), { description: 'How many failed for which reason' }),
    error: nullable(Type.String({ description: 'What ended it, when it failed' })),
    requested_by: Type.String(),
    created_at: Timestamp,
    finished_at: nullable(Timestamp),
  },
  { $id: 'Replay', additionalProperties: false },
)
export type Replay = Static<typeof Replay>
