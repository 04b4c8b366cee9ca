import { connectDatabase } from './connect.ts'
import { migrateToLatest } from './migrate.ts'

// The migration step of a deployment: `DATABASE_URL=… node migrate.main.ts`. Exits 1 with one line when it fails.
const url = process.env.DATABASE_URL
if (!url) {
  process.stderr.write('DATABASE_URL is not set. Example: postgres://iomt:secret@127.0.0.1:5432/iomt\n')
  process.exit(1)
}
const { database } = connectDatabase({
  url,
  maxConnections: 1,
  applicationName: 'iomt-migrate',
  onConnectionError() {},
})
try {
  const names = await migrateToLatest(database)
  process.stdout.write(names.length > 0 ? `migrated: ${names.join(', ')}\n` : 'the database is up to date\n')
} catch (error) {
  process.stderr.write(`migration failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await database.destroy()
}
