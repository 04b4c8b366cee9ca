import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '@iomt/database/connect'
import { pendingMigrations } from '@iomt/database/migrate'
import { sql } from 'kysely'
import type { Logger } from 'pino'

const INTERVAL = 500

/**
 * Waits until the database answers and has the schema that this code was written for; another step migrates it. False when
 * `signal` aborts first.
 */
export async function waitForSchema(database: Database, logger: Logger, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const problem = await schemaProblem(database)
    if (problem === null) return true
    if (attempt % 20 === 0) logger.warn({ reason: problem }, 'waiting for the database schema')
    await sleep(INTERVAL, undefined, { signal }).catch(() => undefined)
  }
  return false
}

async function schemaProblem(database: Database): Promise<string | null> {
  try {
    const pending = await pendingMigrations(database)
    return pending.length > 0 ? `migrations have not run: ${pending.join(', ')}` : null
  } catch (error) {
    return messageOf(error)
  }
}

/** Why the database cannot be used right now, or null. */
export async function databaseProblem(database: Database): Promise<string | null> {
  try {
    await sql`select 1`.execute(database)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
