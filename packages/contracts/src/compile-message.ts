import type { Static, TSchema } from '@sinclair/typebox'
import { Clean } from '@sinclair/typebox/value'
import { type CompiledSchema, compileSchema } from './compile-schema.ts'
import { PublishRequest } from './gateway-rpc.ts'
import { MqttConfig } from './mqtt-config.ts'
import { PayloadConfig } from './payload-config.ts'

/** What is carried out as it stands: doing it without a setting that is not known would be doing something else. */
const UNDERSTOOD_WHOLE: ReadonlySet<unknown> = new Set([MqttConfig, PayloadConfig, PublishRequest])

export interface CompiledMessage<Value> extends CompiledSchema<Value> {
  /** The value when it fits, else null. Fields that are not known are taken out of it: REST answers have none. */
  known(value: unknown): Value | null
}

/**
 * Compiles the schema of what another service wrote to NATS. That may be a newer version of us, in the hour in which replicas are
 * replaced one by one: fields that are not known are allowed, anywhere but in settings and commands (docs/adr/0011).
 */
export function compileMessage<Schema extends TSchema>(schema: Schema): CompiledMessage<Static<Schema>> {
  const open = openSchema(schema)
  const compiled = compileSchema(open)
  return {
    ...compiled,
    known: (value) => (compiled.check(value) ? (Clean(open, value) as Static<Schema>) : null),
  }
}

/** The same schema without its refusal of fields that it does not name. */
export function openSchema<Schema extends TSchema>(schema: Schema): Schema {
  return opened(schema) as Schema
}

function opened(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || UNDERSTOOD_WHOLE.has(part)) return part
  if (Array.isArray(part)) return part.map(opened)
  // Not Object.entries: the kind of a TypeBox schema is under a symbol.
  const keys = Reflect.ownKeys(part).filter(
    (key) => !(key === 'additionalProperties' && Reflect.get(part, key) === false),
  )
  return Object.fromEntries(keys.map((key) => [key, opened(Reflect.get(part, key))]))
}
