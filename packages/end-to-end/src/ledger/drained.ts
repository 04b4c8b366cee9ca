import type { Ledger, LedgerEntry } from '@iomt/testing/ledger'
import { waitFor } from '@iomt/testing/wait-for'
import pg from 'pg'

/** Longer than a message can wait for its redelivery: what has not come by then is lost. */
const LOST_AFTER = 20_000
/** A duplicate would come a little later than the reading itself. */
const SETTLED_AFTER = 2_000

/**
 * The rows, once everything acknowledged is there or nothing has come for `lostAfter` ms (the comparison then shows the
 * loss).
 */
export async function storedOnceDrained(url: string, ledger: Ledger, lostAfter = LOST_AFTER): Promise<LedgerEntry[]> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  pool.on('error', () => {})
  let rows: LedgerEntry[] = []
  let quietSince = Date.now()
  try {
    await waitFor(
      async () => {
        const { rowCount, rows: found } = await pool.query<LedgerEntry>(
          'select socket_id as key, energy::int as sequence from device_data_logs',
        )
        if (rowCount !== rows.length) quietSince = Date.now()
        rows = found
        const quiet = Date.now() - quietSince
        return quiet > (ledger.compare(rows).lost.length === 0 ? SETTLED_AFTER : lostAfter)
      },
      { what: 'the pipeline to drain', timeout: lostAfter + 70_000, interval: 500 },
    )
    return rows
  } finally {
    await pool.end()
  }
}
