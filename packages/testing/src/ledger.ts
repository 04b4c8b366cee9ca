/** One reading as publisher and table both know it: which socket, and the publisher's own number. */
export interface LedgerEntry {
  key: string
  sequence: number
}

/** What the table holds against what was acknowledged. */
export interface LedgerComparison {
  /** Acknowledged to the publisher, not stored: the promise is broken. */
  lost: LedgerEntry[]
  /** Stored more than once, each listed once: the promise is broken. */
  duplicated: LedgerEntry[]
  /** Stored, but the publisher never saw the acknowledgement: allowed, it died or was cut off before that. */
  unexpected: LedgerEntry[]
}

/** Remembers what a publisher had acknowledged. */
export interface Ledger {
  acknowledged(key: string, sequence: number): void
  /** Number of different acknowledged entries. */
  readonly size: number
  compare(stored: Iterable<LedgerEntry>): LedgerComparison
}

/** An empty ledger. A million entries take about 60 MB, so a fault test can keep all of a run. */
export function createLedger(): Ledger {
  const acknowledged = new Map<string, Set<number>>()
  let size = 0

  return {
    acknowledged(key, sequence) {
      const sequences = acknowledged.get(key) ?? new Set<number>()
      acknowledged.set(key, sequences)
      if (sequences.has(sequence)) return
      sequences.add(sequence)
      size += 1
    },
    get size() {
      return size
    },
    compare(stored) {
      const counts = countStored(stored)
      return {
        lost: [...entriesOf(acknowledged)].filter(({ key, sequence }) => !counts.get(key)?.has(sequence)),
        duplicated: [...entriesOf(counts)].filter(({ key, sequence }) => (counts.get(key)?.get(sequence) ?? 0) > 1),
        unexpected: [...entriesOf(counts)].filter(({ key, sequence }) => !acknowledged.get(key)?.has(sequence)),
      }
    },
  }
}

function countStored(stored: Iterable<LedgerEntry>): Map<string, Map<number, number>> {
  const counts = new Map<string, Map<number, number>>()
  for (const { key, sequence } of stored) {
    const ofKey = counts.get(key) ?? new Map<number, number>()
    counts.set(key, ofKey)
    ofKey.set(sequence, (ofKey.get(sequence) ?? 0) + 1)
  }
  return counts
}

function* entriesOf(sequencesByKey: Map<string, { keys(): Iterable<number> }>): Generator<LedgerEntry> {
  for (const [key, sequences] of sequencesByKey) {
    for (const sequence of sequences.keys()) yield { key, sequence }
  }
}
