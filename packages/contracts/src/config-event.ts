import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from './codes.ts'

/**
 * A message on `iomt.v1.config.{entity}.{action}.{id}`. Events of one resource may arrive out of order: keep the highest
 * `version`. `resource` is what `GET` of the resource answers (no secrets), null once deleted.
 */
export const ConfigEvent = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    at: Timestamp,
    entity: Type.Union([
      Type.Literal('organization'),
      Type.Literal('department'),
      Type.Literal('pdu'),
      Type.Literal('socket'),
      Type.Literal('device'),
      Type.Literal('payload-profile'),
    ]),
    action: Type.Union([Type.Literal('created'), Type.Literal('updated'), Type.Literal('deleted')]),
    entity_id: Id,
    version: Type.Integer({ minimum: 1 }),
    resource: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  },
  { $id: 'ConfigEvent', additionalProperties: false },
)
export type ConfigEvent = Static<typeof ConfigEvent>
