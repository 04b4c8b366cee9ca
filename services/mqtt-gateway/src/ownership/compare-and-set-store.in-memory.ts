import type { CompareAndSetStore, Entry, StoreObserver } from './compare-and-set-store.ts'

/** A store in memory for tests: the reference that the one on NATS is compared with. */
export interface InMemoryStore<Value> extends CompareAndSetStore<Value> {
  /** Loses everything, as a server that lost its disk. */
  lose(): void
}

/** More writes than one incarnation ever gets: no revision of one means anything in another. */
const REVISIONS_APART = 1_000_000_000

export function createInMemoryStore<Value>(): InMemoryStore<Value> {
  let incarnation = 1
  let revision = REVISIONS_APART
  let cells = new Map<string, { value: Value | null; revision: number }>()
  const observers = new Set<StoreObserver<Value>>()

  const newest = (key: string): Entry<Value> | null => {
    const cell = cells.get(key)
    return cell && cell.value !== null ? { value: cell.value, revision: cell.revision } : null
  }

  /** A removed key has revision 0 for those who expect none, and its marker's for those who saw the removal. */
  const expects = (key: string, expected: number) =>
    expected === cells.get(key)?.revision || (expected === 0 && newest(key) === null)

  function put(key: string, value: Value | null): number {
    revision += 1
    cells.set(key, { value, revision })
    for (const observer of observers) observer.changed({ key, value, revision })
    return revision
  }

  function list(observer: StoreObserver<Value>): void {
    const entries = new Map<string, Entry<Value>>()
    for (const key of cells.keys()) {
      const entry = newest(key)
      if (entry) entries.set(key, entry)
    }
    observer.listed({ incarnation: String(incarnation), entries })
  }

  return {
    read: async (key) => newest(key),
    write: async (key, value, expected) => (expects(key, expected) ? put(key, value) : null),
    async remove(key, expected) {
      if (!expects(key, expected)) return false
      put(key, null)
      return true
    },
    incarnation: async () => String(incarnation),
    follow(observer) {
      observers.add(observer)
      list(observer)
      return { stop: () => observers.delete(observer) }
    },
    lose() {
      incarnation += 1
      revision = incarnation * REVISIONS_APART
      cells = new Map()
      for (const observer of observers) list(observer)
    },
  }
}
