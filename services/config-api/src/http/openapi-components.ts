/** Carries a schema's name through @fastify/swagger, whose reference resolver stumbles over the same `$id` twice. */
const NAME = 'x-component'

type Json = Record<string, unknown>

/** A copy of a route's schema, in which each `$id` is a mark that {@link hoistComponents} finds. */
export function markComponents<Schema>(schema: Schema): Schema {
  return map(schema, (node) => {
    if (!('$id' in node)) return node
    const { $id, ...rest } = node
    return { ...rest, [NAME]: $id }
  }) as Schema
}

/** The document with each marked schema once under `components/schemas`, and references in its places. */
export function hoistComponents(document: object): object {
  const schemas: Record<string, Json> = {}
  const linked = map(document, (node) => {
    if (typeof node[NAME] !== 'string') return node
    const { [NAME]: name, ...schema } = node
    schemas[name as string] = schema
    return { $ref: `#/components/schemas/${name as string}` }
  }) as { components?: Json }
  return { ...linked, components: { ...linked.components, schemas } }
}

/** Bottom up, so that what is hoisted holds references already. */
function map(value: unknown, change: (node: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((item) => map(item, change))
  if (typeof value !== 'object' || value === null) return value
  return change(Object.fromEntries(Object.entries(value).map(([key, child]) => [key, map(child, change)])))
}
