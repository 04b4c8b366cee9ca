/** What was found out about API keys, by their hash: of those that were presented last, for some time. */
export interface RecentKeys<Finding> {
  get(keyHash: Buffer): Finding | undefined
  set(keyHash: Buffer, finding: Finding): void
  delete(keyHash: Buffer): void
}

/** Of the last `size` keys; `lifetime` in milliseconds, default for ever. */
export function createRecentKeys<Finding>(
  size: number,
  lifetime = Number.POSITIVE_INFINITY,
  now: () => number = Date.now,
): RecentKeys<Finding> {
  // In order of use: what is set again goes to the end.
  const found = new Map<string, { readonly finding: Finding; readonly until: number }>()
  const nameOf = (keyHash: Buffer) => keyHash.toString('base64')
  return {
    get(keyHash) {
      const entry = found.get(nameOf(keyHash))
      return entry && entry.until > now() ? entry.finding : undefined
    },
    set(keyHash, finding) {
      const name = nameOf(keyHash)
      found.delete(name)
      found.set(name, { finding, until: now() + lifetime })
      const [oldest] = found.keys()
      if (found.size > size && oldest !== undefined) found.delete(oldest)
    },
    delete: (keyHash) => void found.delete(nameOf(keyHash)),
  }
}
