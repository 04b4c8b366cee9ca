import { DEFAULT_PAGE_SIZE } from '@iomt/contracts/rest/page'
import { Refusal } from '../changes/refusal.ts'
import type { PageRequest } from '../resources/resource.ts'

export const UUID_PATTERN = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The opaque form of a place in a list. */
export function encodeCursor(...place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** The parts of a cursor. @throws Refusal `invalid-cursor` when it is not one that {@link encodeCursor} made. */
export function decodeCursor(cursor: string, patterns: readonly RegExp[]): string[] {
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw invalidCursor()
  }
  const fits =
    Array.isArray(place) &&
    place.length === patterns.length &&
    patterns.every((pattern, index) => typeof place[index] === 'string' && pattern.test(place[index]))
  if (!fits) throw invalidCursor()
  return place as string[]
}

/** `limit` and `cursor` of a list in order of id. */
export function pageRequest(query: { limit?: number; cursor?: string }): PageRequest {
  const after = query.cursor === undefined ? null : (decodeCursor(query.cursor, [UUID_PATTERN])[0] as string)
  return { after, limit: query.limit ?? DEFAULT_PAGE_SIZE }
}

/**
 * A page of items in order of id, from a read of one item more than the limit: the one more only tells that another page
 * follows.
 */
export function pageInOrderOfId<Item extends { id: string }>(items: Item[], limit: number) {
  const page = items.slice(0, limit)
  const last = page.at(-1)
  return { items: page, next_cursor: items.length > limit && last ? encodeCursor(last.id) : null }
}

function invalidCursor(): Refusal {
  return new Refusal('invalid-cursor', 'Use the next_cursor of the page before as it is, or leave cursor out.', [
    { pointer: '/cursor', detail: 'is not a cursor of this list' },
  ])
}
