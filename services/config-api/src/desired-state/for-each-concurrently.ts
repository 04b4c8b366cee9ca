/** Runs `work` for each item, at most `limit` at a time; rejects with the first error once all running ones have ended. */
export async function forEachConcurrently<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  let failed = false
  const lane = async () => {
    for (const item of rest) {
      if (failed) return
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
