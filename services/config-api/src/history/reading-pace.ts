import type { RowPace } from '../readings/text-rows.ts'
import type { WrittenRows } from '../readings/written-rows.ts'

/** Readings of a first lot, of whose length nothing is known: one lot for a page of 50, and at most 16 MiB. */
const FIRST = 64
/** A batch of an export is one lot: five of 500 took 5 % longer. */
const MOST = 2_560

/**
 * Lets Postgres send as many readings as `bytes` of text probably take, judged by those before, until one has come that found no
 * place: it tells that more follow. Payloads have from 2 bytes to 256 KiB, and a `limit` knows nothing of it: 2,500 long ones
 * were still on their way when the query's time was over.
 */
export function createReadingPace(
  written: Pick<WrittenRows<unknown>, 'rows' | 'written' | 'bytes'>,
  bytes: number,
  bytesEach: number | null,
): RowPace {
  return () => {
    const count = written.written()
    if (written.rows() > count) return 0
    const each = count === 0 ? bytesEach : written.bytes() / count
    if (each === null) return FIRST
    return Math.min(MOST, Math.max(0, Math.ceil((bytes - written.bytes()) / each)) + 1)
  }
}
