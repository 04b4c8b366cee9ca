import { Kind, type StringOptions, type TSchema } from '@sinclair/typebox'
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors'
import type { FieldProblem } from '../changes/refusal.ts'

/** Shown by reads and never taken from a client; the message says so instead of "unknown". */
const READ_ONLY = new Set([
  'id',
  'version',
  'created_at',
  'updated_at',
  'topic',
  'inherited_from',
  'assigned_at',
  'assigned_by',
  'password_set',
  'key_set',
])

/** What a violation means, in words that tell what to send instead. `parent` is the schema of the object around it. */
export function explainViolation(error: ValueError, allowedFields: readonly string[]): FieldProblem {
  const pointer = error.path
  const schema = error.schema
  switch (error.type) {
    case ValueErrorType.ObjectAdditionalProperties: {
      const field = pointer.slice(pointer.lastIndexOf('/') + 1)
      if (READ_ONLY.has(field)) return { pointer, detail: 'is read-only; leave it out' }
      // Of the object that the field is in, however deep.
      const known = schema['properties'] ? Object.keys(schema['properties'] as object) : allowedFields
      return { pointer, detail: `is not a known field; known are ${known.join(', ')}` }
    }
    case ValueErrorType.ObjectRequiredProperty:
      return { pointer, detail: 'is required' }
    case ValueErrorType.ObjectMinProperties:
      return { pointer, detail: 'must hold at least one field to change' }
    case ValueErrorType.Object:
      return { pointer, detail: 'must be a JSON object' }
    default:
      return { pointer, detail: `must be ${describe(schema)}` }
  }
}

/** A schema in words: "an integer from 1 to 65535". */
function describe(schema: TSchema): string {
  switch (schema[Kind]) {
    case 'Union':
      return describeUnion(schema['anyOf'] as TSchema[])
    case 'Literal':
      return JSON.stringify(schema['const'])
    case 'Null':
      return 'null'
    case 'Boolean':
      return 'true or false'
    case 'Integer':
      return `an integer${describeRange(schema)}`
    case 'Number':
      return `a number${describeRange(schema)}`
    case 'String':
      return describeString(schema)
    default:
      return `a JSON ${String(schema['type'] ?? 'value')}`
  }
}

function describeUnion(members: TSchema[]): string {
  return members.map(describe).join(members.length > 2 ? ', ' : ' or ')
}

function describeRange(schema: TSchema): string {
  const { minimum, maximum, exclusiveMinimum } = schema as {
    minimum?: number
    maximum?: number
    exclusiveMinimum?: number
  }
  const from = minimum ?? exclusiveMinimum
  const over = exclusiveMinimum === undefined ? 'from' : 'above'
  if (from !== undefined && maximum !== undefined)
    return ` ${over} ${from} ${over === 'from' ? 'to' : 'up to'} ${maximum}`
  return from === undefined ? '' : ` ${over} ${from}`
}

function describeString(schema: TSchema): string {
  const { format, pattern, minLength, maxLength } = schema as StringOptions
  if (format === 'uuid') return 'a UUID'
  if (format === 'date-time') return 'an RFC 3339 time, for example 2026-11-23T09:00:00Z'
  const length = maxLength === undefined ? '' : ` of ${minLength ?? 0} to ${maxLength} characters`
  if (pattern === undefined) return `a string${length}`
  return `a string${length} matching ${pattern}${schema.description ? ` (${schema.description})` : ''}`
}
