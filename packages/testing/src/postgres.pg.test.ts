import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './postgres.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database.drop()
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('each test database is its own', async () => {
  const other = await createTestDatabase()
  await query(database.url, 'CREATE TABLE reading (id int)')
  expect(await query(other.url, "SELECT 1 FROM pg_tables WHERE tablename = 'reading'")).toEqual([])
  await other.drop()
  await expect(query(other.url, 'SELECT 1')).rejects.toThrow('does not exist')
})

test('dropping ends connections that are still open', async () => {
  const other = await createTestDatabase()
  const client = new pg.Client({ connectionString: other.url })
  const ended = new Promise((resolve) => client.on('error', resolve))
  await client.connect()
  await other.drop()
  await ended
})

test('it is at least Postgres 15', async () => {
  const [row] = await query(database.url, "SELECT current_setting('server_version_num')::int AS version")
  expect(row).toSatisfy(({ version }: { version: number }) => version >= 150_000)
})
