import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { registerFormats } from './formats.ts'

/** What is wrong with a value, by JSON Pointer: `{pointer: '/socket_id', detail: 'Expected string to match \'uuid\' format'}`. */
export interface SchemaViolation {
  readonly pointer: string
  readonly detail: string
}

export interface CompiledSchema<Value> {
  /** True when `value` has the schema's shape. */
  check(value: unknown): value is Value
  /** The first violations, at most `limit`; empty when the value fits. */
  violations(value: unknown, limit?: number): SchemaViolation[]
}

/** Compiles a schema once, for checking many values. */
export function compileSchema<Schema extends TSchema>(schema: Schema): CompiledSchema<Static<Schema>> {
  registerFormats()
  const compiled = TypeCompiler.Compile(schema)
  return {
    check: (value): value is Static<Schema> => compiled.Check(value),
    violations(value, limit = 10) {
      const found: SchemaViolation[] = []
      for (const error of compiled.Errors(value)) {
        found.push({ pointer: error.path, detail: error.message })
        if (found.length >= limit) break
      }
      return found
    },
  }
}
