/** What Postgres says about a failed statement; other errors (a broken connection, a bug) have no SQLSTATE. */
interface DatabaseError {
  readonly code: string
  readonly message: string
  readonly constraint?: string
}

function databaseError(error: unknown): DatabaseError | null {
  if (!(error instanceof Error)) return null
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? (error as Error & DatabaseError) : null
}

/**
 * The partition of a row does not exist: dropped by hand or by retention after it was seen. SQLSTATE 23514 like a check
 * constraint's, but without the name of one.
 */
export function isPartitionMissing(error: unknown): boolean {
  const found = databaseError(error)
  return found?.code === '23514' && !found.constraint
}

/** A partition covers some of that range already. */
export function isPartitionOverlap(error: unknown): boolean {
  return databaseError(error)?.code === '42P17'
}

/** A row with this key is there already. */
export function isDuplicate(error: unknown): boolean {
  return databaseError(error)?.code === '23505'
}

/**
 * The data is at fault and would be refused again: class 22 (data exception, e.g. `\u0000` in jsonb), 23 (constraint), 54
 * (too deep, too large). Everything else says something about the server or the connection and is waited out.
 */
export function isDataError(error: unknown): boolean {
  const found = databaseError(error)
  return found !== null && /^(22|23|54)/.test(found.code) && !isPartitionMissing(error)
}

/** The server gave the statement up (57014, query_canceled): it waited too long for somebody's lock, or had too much to do. */
export function isGivenUp(error: unknown): boolean {
  return databaseError(error)?.code === '57014'
}

/** For people and dead letters: SQLSTATE and message. */
export function reasonOf(error: unknown): string {
  const found = databaseError(error)
  if (found) return `${found.code} ${found.message}`
  return error instanceof Error ? error.message || error.name : String(error)
}
