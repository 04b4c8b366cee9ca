import { createTestDatabase } from '@iomt/testing/postgres'
import type pg from 'pg'
import { connectDatabase, type Database } from '../connect.ts'
import { migrateToLatest } from '../migrate.ts'

export interface MigratedDatabase {
  readonly url: string
  readonly database: Database
  readonly pool: pg.Pool
  drop(): Promise<void>
}

/** A database of its own for one test file, with the newest schema. */
export async function createMigratedDatabase(): Promise<MigratedDatabase> {
  const { url, drop } = await createTestDatabase()
  const { database, pool } = connectDatabase({ url, applicationName: 'test', onConnectionError() {} })
  await migrateToLatest(database)
  return {
    url,
    database,
    pool,
    async drop() {
      await database.destroy()
      await drop()
    },
  }
}
