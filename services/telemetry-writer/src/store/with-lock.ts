import type pg from 'pg'

/**
 * Runs `work` while this process alone, of all that use this database, holds the advisory lock `key`; answers null, without
 * running it, when another holds it. The lock belongs to the connection that `work` is given, so it ends with a killed process.
 */
export async function withLock<Result>(
  pool: pg.Pool,
  key: number,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result | null> {
  const client = await pool.connect()
  let unlocked = false
  try {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [key])
    const result = rows[0]?.free === true ? await work(client) : null
    await client.query('select pg_advisory_unlock_all()')
    unlocked = true
    return result
  } finally {
    // Closing the connection gives the lock back where asking for it did not work.
    client.release(!unlocked)
  }
}
