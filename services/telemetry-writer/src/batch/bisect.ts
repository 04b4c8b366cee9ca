/** One item that the store refuses whatever its company, and the error it refused it with. */
export interface Poisoned<Item> {
  readonly item: Item
  readonly error: unknown
}

/**
 * Stores `items` as one; when that fails because of what they are, each half as one, down to the items at fault, which it
 * answers. Order is kept. One poisoned item among n costs about 2 log2(n) attempts and stores every row about twice at most.
 *
 * @param store all or nothing.
 * @param isOfItems false: the error is thrown on, it says nothing about the items.
 */
export async function storeWithBisection<Item>(
  items: readonly Item[],
  store: (items: readonly Item[]) => Promise<void>,
  isOfItems: (error: unknown) => boolean,
): Promise<Poisoned<Item>[]> {
  if (items.length === 0) return []
  try {
    await store(items)
    return []
  } catch (error) {
    if (!isOfItems(error)) throw error
    if (items.length === 1) return [{ item: items[0] as Item, error }]
  }
  const middle = items.length >> 1
  const first = await storeWithBisection(items.slice(0, middle), store, isOfItems)
  const second = await storeWithBisection(items.slice(middle), store, isOfItems)
  return [...first, ...second]
}
