import { registerFormats } from '@iomt/contracts/formats'
import { Kind, type TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors'
import { Value } from '@sinclair/typebox/value'
import type { FastifySchemaCompiler } from 'fastify'
import { type FieldProblem, Refusal } from '../changes/refusal.ts'
import { lowerCaseUuids } from './lower-case-uuids.ts'
import { unstorablePart } from './plain-json.ts'
import { explainViolation } from './violations.ts'

/** More help nobody, and a hostile body could hold a million. */
const MAX_FIELD_PROBLEMS = 10

/**
 * Compiles a route's schema to a check that answers with every field at fault. Query and path parameters are text, so
 * `'50'` becomes 50 and `'true'` true where the schema wants them; a body is taken as it is. Only UUIDs become lower case in
 * all three.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  registerFormats()
  const compiled = TypeCompiler.Compile(schema)
  const withLowerCaseUuids = lowerCaseUuids(schema)
  const allowedFields = Object.keys((schema as { properties?: object }).properties ?? {})
  return (given: unknown) => {
    const value = httpPart === 'body' ? given : Value.Convert(schema, structuredClone(given))
    const unstorable = unstorablePart(value)
    if (unstorable) return { error: refuse([unstorable]) }
    if (compiled.Check(value)) return { value: withLowerCaseUuids ? withLowerCaseUuids(value) : value }
    return { error: refuse(fieldProblems(compiled.Errors(value), allowedFields)) }
  }
}

function fieldProblems(
  errors: ReturnType<ReturnType<typeof TypeCompiler.Compile>['Errors']>,
  allowed: readonly string[],
) {
  const found = new Map<string, FieldProblem>()
  for (const error of withinNullable(errors)) {
    // The first says most: a missing field is also "not a string".
    const problem = explainViolation(error, allowed)
    if (!found.has(problem.pointer)) found.set(problem.pointer, problem)
    if (found.size >= MAX_FIELD_PROBLEMS) break
  }
  return [...found.values()]
}

/** A value that may also be null, and is not: what is wrong inside it says more than "must be an object or null". */
function* withinNullable(errors: Iterable<ValueError>): Generator<ValueError> {
  for (const error of errors) {
    const members = error.type === ValueErrorType.Union ? (error.schema['anyOf'] as TSchema[]) : []
    const index = members.findIndex((member) => member[Kind] !== 'Null')
    const inside = error.errors[index]
    const isObject = typeof error.value === 'object' && error.value !== null && !Array.isArray(error.value)
    if (members.length === 2 && members.some((member) => member[Kind] === 'Null') && inside && isObject) {
      yield* withinNullable(inside)
    } else yield error
  }
}

function refuse(fields: readonly FieldProblem[]): Refusal {
  const sentence = fields.map(({ pointer, detail }) => `${pointer === '' ? 'The body' : pointer.slice(1)} ${detail}.`)
  return new Refusal('invalid-request', sentence.join(' ').slice(0, 2_000), fields)
}
