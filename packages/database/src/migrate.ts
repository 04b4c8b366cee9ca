import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as initialSchema from './migrations/0001-initial-schema.ts'
import * as rollups from './migrations/0002-rollups.ts'
import * as payloadProfiles from './migrations/0003-payload-profiles.ts'
import * as lateRedeliveries from './migrations/0004-late-redeliveries.ts'
import * as handoversAndKeptHistory from './migrations/0005-handovers-and-kept-history.ts'

// Listed by hand: a migration that is not here does not run, and bundlers and images need no directory listing.
const MIGRATIONS: Record<string, Migration> = {
  '0001-initial-schema': initialSchema,
  '0002-rollups': rollups,
  '0003-payload-profiles': payloadProfiles,
  '0004-late-redeliveries': lateRedeliveries,
  '0005-handovers-and-kept-history': handoversAndKeptHistory,
}

function createMigrator<Schema>(database: Kysely<Schema>): Migrator {
  return new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } })
}

/**
 * Brings the database to the newest schema and answers the names of the migrations it ran. Safe to run from several
 * processes at once: Kysely holds an advisory lock. A database that a newer version has migrated further is left as it is:
 * services of the version before can live with it (docs/adr/0011).
 *
 * @throws the error of the migration that failed, which has been rolled back.
 */
export async function migrateToLatest<Schema>(database: Kysely<Schema>): Promise<string[]> {
  // Kysely refuses migrations that it does not know, also when there is nothing to do.
  if ((await pendingMigrations(database)).length === 0) return []
  const { error, results } = await createMigrator(database).migrateToLatest()
  if (error) throw error instanceof Error ? error : new Error('Migration failed', { cause: error })
  return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName)
}

/** Names of migrations that have not run yet; a service is ready only when there are none. */
export async function pendingMigrations<Schema>(database: Kysely<Schema>): Promise<string[]> {
  const migrations = await createMigrator(database).getMigrations()
  return migrations.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name)
}
