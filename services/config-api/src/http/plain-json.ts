import type { FieldProblem } from '../changes/refusal.ts'

/** Deeper than any document we know; far below the depth (about 7,000) at which JSON.stringify exhausts the stack. */
const MAX_DEPTH = 16

/**
 * The first thing in a JSON value that Postgres or a subscriber cannot hold, or null: NUL (not allowed in `text` and
 * `jsonb`), a lone surrogate (no UTF-8 form), an infinite number (`1e999` parses to it), a depth above 16. Iterative, so
 * that a hostile depth cannot exhaust the stack here.
 */
export function unstorablePart(value: unknown): FieldProblem | null {
  const rest: Array<{ value: unknown; pointer: string; depth: number }> = [{ value, pointer: '', depth: 0 }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value: current, pointer, depth } = next
    if (typeof current === 'string') {
      const problem = textProblem(current)
      if (problem) return { pointer, detail: problem }
    } else if (typeof current === 'number' && !Number.isFinite(current)) {
      return { pointer, detail: 'is too large a number' }
    } else if (typeof current === 'object' && current !== null) {
      if (depth >= MAX_DEPTH) return { pointer, detail: `is nested deeper than ${MAX_DEPTH} levels` }
      for (const [key, child] of Object.entries(current)) {
        const problem = textProblem(key)
        if (problem) return { pointer, detail: `has a field whose name ${problem}` }
        rest.push({
          value: child,
          pointer: `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
          depth: depth + 1,
        })
      }
    }
  }
  return null
}

function textProblem(text: string): string | null {
  if (text.includes('\u0000')) return 'must not hold a NUL character'
  if (!text.isWellFormed()) return 'must be valid Unicode (it holds a lone surrogate)'
  return null
}
