import { EventEmitter } from 'node:events'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.ts'

export type Database = Kysely<Schema>

export interface DatabaseOptions {
  readonly url: string
  readonly maxConnections?: number
  /** Milliseconds after which a query fails: the server gives it up a little earlier, unless it is silent. Default: never. */
  readonly queryTimeout?: number
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** An idle connection broke; the pool makes a new one. Without a listener Node would end the process. */
  readonly onConnectionError: (error: Error) => void
}

/** Milliseconds, for the connection and once more for its settings. */
const CONNECT_TIMEOUT = 5_000
/** pg takes it with a single query, too, which its types do not say. */
const CONNECT_LIMIT = { query_timeout: CONNECT_TIMEOUT }

/**
 * A pool and the Kysely database on it. Waits at most 10 s for a connection, so that a caller notices an absent server and
 * can apply its own retry; ends both with `database.destroy()`.
 */
export function connectDatabase(options: DatabaseOptions): { database: Database; pool: pg.Pool } {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    // What the kernel waits otherwise before it asks a silent server is two hours.
    keepAliveInitialDelayMillis: 10_000,
    Client: PooledClient,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it, which its types do not say
    onConnect: (client) => client.query({ text: sessionSettings(options), ...CONNECT_LIMIT }),
    ...(options.queryTimeout === undefined ? {} : { query_timeout: options.queryTimeout }),
  })
  // The pool listens to idle clients only: one that breaks between two statements of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', options.onConnectionError))
  pool.on('error', options.onConnectionError)
  pool.on('release', (_error, client) => {
    if (client instanceof PooledClient && client.refusesWrites) client.end().catch(() => undefined)
  })
  return { database: new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }), pool }
}

/**
 * The server notices within half a minute that a client's host is gone, which may hold locks. It gives a statement up before
 * this side does: otherwise each timeout would leave it one more statement to work at than the pool has connections. And it compiles
 * none: that takes longer than what it speeds up (a month of 250 sockets by hour: 1,090 ms instead of 270).
 */
function sessionSettings({ queryTimeout }: DatabaseOptions): string {
  const settings = ['tcp_keepalives_idle = 10', 'tcp_keepalives_interval = 5', 'tcp_keepalives_count = 3', 'jit = off']
  if (queryTimeout !== undefined) settings.push(`statement_timeout = ${Math.floor(queryTimeout * 0.9)}`)
  return settings.map((setting) => `set ${setting}`).join('; ')
}

/** SQLSTATE `read_only_sql_transaction`. */
const READ_ONLY = '25006'

class PooledClient extends pg.Client {
  /** After a failover this is the server that was the primary: a new connection finds the one that is. */
  refusesWrites = false

  /**
   * Ends the connection with the first query that is not answered in time. The server may have begun a transaction in which every later
   * query of this connection would be, and a ROLLBACK would wait behind the query as long again.
   */
  // biome-ignore lint/suspicious/noExplicitAny: stands for all of pg's overloads
  override query(...given: any[]): any {
    const result: unknown = super.query(...(given as Parameters<pg.Client['query']>))
    const onFailure = (error: Error & { readonly code?: unknown }) => {
      if (error.code === READ_ONLY) this.refusesWrites = true
      // pg has no other sign of it.
      if (error.message === 'Query read timeout') this.end().catch(() => undefined)
    }
    if (result instanceof Promise) result.catch(onFailure)
    else if (result instanceof EventEmitter) result.on('error', onFailure)
    return result
  }
}
