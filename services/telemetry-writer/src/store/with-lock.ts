import type pg from 'pg'

/** Longest between two statements of `work`: a process that is frozen or whose host is gone must not keep the others from it. */
const IDLE_TIMEOUT = 120_000

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
  try {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [key])
    if (rows[0]?.free !== true) return null
    await client.query(`set idle_session_timeout = ${IDLE_TIMEOUT}`)
    return await work(client)
  } finally {
    // Also after a failure, so that the next one need not wait until the server has noticed a closed connection. Where asking
    // does not work, closing gives the lock back.
    let unlocked = true
    await client.query('reset idle_session_timeout; select pg_advisory_unlock_all()').catch(() => {
      unlocked = false
    })
    client.release(!unlocked)
  }
}
