/** Takes the value out of parsed JSON; undefined when it is not there. */
export type PointerReader = (root: unknown) => unknown

const INDEX = /^(?:0|[1-9]\d{0,5})$/
/** No device has such fields, and on an object without them they would lead to what every object inherits. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Why a text is no usable JSON Pointer (RFC 6901), or null. */
export function pointerProblem(pointer: string): string | null {
  if (pointer === '') return null
  if (!pointer.startsWith('/')) return 'must be empty or begin with /'
  if (/~(?![01])/.test(pointer)) return 'has a ~ that is neither ~0 nor ~1'
  const inherited = tokensOf(pointer).find((token) => INHERITED.has(token))
  return inherited === undefined ? null : `has the name ${inherited}, which is not accepted`
}

const tokensOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))

/** A reader for a pointer that has no problem. */
export function compilePointer(pointer: string): PointerReader {
  const tokens = tokensOf(pointer)
  const [first] = tokens
  if (first === undefined) return (root) => root
  if (tokens.length === 1) return (root) => step(root, first)
  return (root) => {
    let value = root
    for (const token of tokens) value = step(value, token)
    return value
  }
}

function step(value: unknown, token: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return INDEX.test(token) ? value[Number(token)] : undefined
  return (value as Record<string, unknown>)[token]
}
