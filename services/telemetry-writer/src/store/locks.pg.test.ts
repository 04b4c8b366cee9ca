import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inTransaction } from './in-transaction.ts'
import { withLock } from './with-lock.ts'

let database: MigratedDatabase
beforeAll(async () => {
  database = await createMigratedDatabase()
  database.pool.on('error', () => {})
})
afterAll(() => database.drop())

test('a writer that is frozen within a transaction holds up the others no longer than JetStream waits for it', async () => {
  const { pool } = database
  const lock = 'lock table device_current_state'
  const frozen = Promise.withResolvers<void>()
  const thawed = Promise.withResolvers<void>()
  const first = inTransaction(pool, async (client) => {
    client.on('error', () => {})
    await client.query(lock)
    frozen.resolve()
    await thawed.promise
    await client.query('select 1')
  })
  await frozen.promise
  await inTransaction(pool, (client) => client.query(lock))
  thawed.resolve()
  await expect(first).rejects.toThrow()
}, 20_000)

test('a process that is frozen while it holds a lock loses it, and later users of the connection are free of the limit', async () => {
  const limit = () => "select current_setting('idle_session_timeout') as limit"
  const limits = await withLock(database.pool, 77, async (client) => {
    // Waiting for it takes two minutes.
    const { rows } = await client.query<{ limit: string; pid: number }>(`${limit()}, pg_backend_pid() as pid`)
    return rows[0]
  })
  expect(limits?.limit).toBe('2min')
  const { rows } = await database.pool.query(`${limit()}, pg_backend_pid() as pid`)
  expect(rows).toEqual([{ limit: '0', pid: limits?.pid }])
})
