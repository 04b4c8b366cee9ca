/** A value and the revision it was written with; each write of a key has a higher revision than the one before. */
export interface Entry<Value> {
  readonly value: Value
  readonly revision: number
}

/** A key as it is now; `value` is null when it was removed or is not understood. */
export interface Change<Value> {
  readonly key: string
  readonly value: Value | null
  readonly revision: number
}

/** Everything there is. A store that was lost and made again has another incarnation, and none of the revisions there were before. */
export interface Listing<Value> {
  readonly incarnation: string
  readonly entries: ReadonlyMap<string, Entry<Value>>
}

export interface StoreObserver<Value> {
  changed(change: Change<Value>): void
  listed(listing: Listing<Value>): void
}

export interface Following {
  stop(): void
}

/**
 * What the pool needs of a store. Every method rejects when no answer came in time: a write may then have been done, be done
 * later, or never.
 */
export interface CompareAndSetStore<Value> {
  /** The newest entry, never an older one. */
  read(key: string): Promise<Entry<Value> | null>
  /**
   * Writes when the key's revision is still `expected` (0: there is no such key).
   *
   * @returns the new revision, or null when it was another one.
   */
  write(key: string, value: Value, expected: number): Promise<number | null>
  /** Removes the key when its revision is still `expected`; false when it was another one. */
  remove(key: string, expected: number): Promise<boolean>
  /** Which store this is now; see {@link Listing}. */
  incarnation(): Promise<string>
  /** Lists everything, then reports changes. Events may be late or lost, so it lists again from time to time. */
  follow(observer: StoreObserver<Value>): Following
}
