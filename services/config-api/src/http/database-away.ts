import pg from 'pg'

/** Classes 08 (connection), 53 (resources), 57P0x (shutdown, starting up), 25006 (read-only standby), 57014 (timeout). */
const AWAY = /^(?:08|53|57P0|25006|57014)/
const AWAY_ON_THE_WAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
])

/** pg gives these failures no code; the texts are those of pg 8 and pg-pool 3. */
const AWAY_TEXTS = [
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
]

/** Postgres gave up a statement that was not done in its time; it is there. */
export function tookTooLong(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014'
}

/** Postgres is away, starting, or out of connections: the same request works once it is back. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof pg.DatabaseError) return AWAY.test(error.code ?? '')
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isDatabaseAway)
  if (AWAY_ON_THE_WAY.has((error as NodeJS.ErrnoException).code ?? '')) return true
  return AWAY_TEXTS.some((text) => error.message.includes(text))
}
