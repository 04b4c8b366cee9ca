/** Which keys were valid when they were last presented, by hash: the `size` that were used last. */
export interface KeysInUse {
  has(keyHash: Buffer): boolean
  add(keyHash: Buffer): void
  delete(keyHash: Buffer): void
}

export function createKeysInUse(size: number): KeysInUse {
  // In order of use: what is added again goes to the end.
  const known = new Set<string>()
  const nameOf = (keyHash: Buffer) => keyHash.toString('base64')
  return {
    has: (keyHash) => known.has(nameOf(keyHash)),
    add(keyHash) {
      const name = nameOf(keyHash)
      known.delete(name)
      known.add(name)
      const [oldest] = known
      if (known.size > size && oldest !== undefined) known.delete(oldest)
    },
    delete: (keyHash) => void known.delete(nameOf(keyHash)),
  }
}
