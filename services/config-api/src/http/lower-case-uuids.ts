import { isUuid } from '@iomt/contracts/formats'
import type { TSchema } from '@sinclair/typebox'

/** Changes a value that fits the schema, in place, and answers it; text itself is answered anew. */
type Change = (value: unknown) => unknown

/**
 * What makes the UUIDs of a value lower case, as Postgres writes them: ids are compared as text, and an organization's id
 * is part of what a password is sealed with. The schema is searched once, here; null: it has none.
 */
export function lowerCaseUuids(schema: TSchema): Change | null {
  if (schema['format'] === 'uuid') return lowerCase
  if (schema['anyOf']) return allOf((schema['anyOf'] as TSchema[]).map(lowerCaseUuids))
  if (schema['type'] === 'array') return ofItems(lowerCaseUuids(schema['items'] as TSchema))
  if (schema['properties']) {
    const properties = Object.entries(schema['properties'] as Record<string, TSchema>)
    return allOf(properties.map(([name, property]) => ofProperty(name, lowerCaseUuids(property))))
  }
  return null
}

/** In a union with other text only what is a UUID. */
function lowerCase(value: unknown): unknown {
  return typeof value === 'string' && isUuid(value) ? value.toLowerCase() : value
}

function allOf(found: readonly (Change | null)[]): Change | null {
  const changes = found.filter((change) => change !== null)
  return changes.length === 0 ? null : (value) => changes.reduce((changed, change) => change(changed), value)
}

function ofItems(change: Change | null): Change | null {
  return change && ((value) => (Array.isArray(value) ? value.map(change) : value))
}

function ofProperty(name: string, change: Change | null): Change | null {
  if (!change) return null
  return (value) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value
    const object = value as Record<string, unknown>
    object[name] = change(object[name])
    return value
  }
}
