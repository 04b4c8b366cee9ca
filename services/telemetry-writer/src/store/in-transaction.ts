import type pg from 'pg'

/** Longest that a statement may take before the batch is tried anew; a stalled server must not hold a writer for ever. */
const STATEMENT_TIMEOUT = 60_000
/**
 * Longest between two statements. After as much JetStream gives the batch to another writer, which must not wait for the locks
 * of one that is frozen or whose host is gone.
 */
const IDLE_TIMEOUT = 10_000

const BEGIN = `begin; set local statement_timeout = ${STATEMENT_TIMEOUT};
  set local idle_in_transaction_session_timeout = ${IDLE_TIMEOUT}`

/**
 * Runs `work` in one transaction on one connection: COMMIT when it resolves, ROLLBACK when it throws. A connection whose
 * ROLLBACK fails is closed instead of going back to the pool.
 */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query(BEGIN)
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
  }
}
