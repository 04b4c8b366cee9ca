import { type TSchema, Type } from '@sinclair/typebox'
import { Timestamp } from '../codes.ts'

/** `null` is a value of its own: it clears the field, leaving the field out keeps it. */
export function nullable<Schema extends TSchema>(schema: Schema, options: { description?: string } = {}) {
  return Type.Union([schema, Type.Null()], options)
}

export const Name = Type.String({ minLength: 1, maxLength: 200, examples: ['Intensive care unit'] })

/** Serial numbers, models and the like. */
export const Label = Type.String({ minLength: 1, maxLength: 200 })

/** Each event and desired state carries documents whole, in one message of NATS. */
export const MAX_DOCUMENT_BYTES = 65_536

export const Document = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), {
  description: 'Any JSON object of at most 64 KiB and 16 levels',
})

/** What every stored resource shows besides its own fields. */
export const ROW_FIELDS = {
  version: Type.Integer({ minimum: 1, description: 'Goes up by one with each change; also the `ETag`' }),
  created_at: Timestamp,
  updated_at: Timestamp,
}
