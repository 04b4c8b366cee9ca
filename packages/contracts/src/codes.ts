import { type Static, Type } from '@sinclair/typebox'

/** Codes are the human-readable tokens of NATS subjects: `hopt`, `icu`, `tang3`. Unique in their parent. */
export const Code = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
  description: 'Lower-case letters, digits and hyphens, at most 32; a token of NATS subjects.',
  examples: ['hopt', 'icu', 'tang3'],
})
export type Code = Static<typeof Code>

export const Id = Type.String({ format: 'uuid', description: 'UUIDv7' })
export type Id = Static<typeof Id>

export const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' })
export type Timestamp = Static<typeof Timestamp>
