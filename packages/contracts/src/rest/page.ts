import { type TProperties, type TSchema, Type } from '@sinclair/typebox'

export const DEFAULT_PAGE_SIZE = 50
export const MAX_PAGE_SIZE = 500

const PAGE_PARAMETERS = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE, description: 'Items a page' }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: '`next_cursor` of the page before; opaque' }),
  ),
}

/** Query of a list: `limit`, `cursor` and its filters. */
export function pageQuery<Filters extends TProperties>(filters: Filters) {
  return Type.Object({ ...PAGE_PARAMETERS, ...filters }, { additionalProperties: false })
}

/** Answer of a list. Pages stay stable while rows come and go: a cursor is a place in the order, not a count. */
export function pageOf<Item extends TSchema>(item: Item) {
  return Type.Object(
    {
      items: Type.Array(item),
      next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Null on the last page' }),
    },
    { additionalProperties: false },
  )
}
