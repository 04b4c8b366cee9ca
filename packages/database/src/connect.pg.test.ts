import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectDatabase } from './connect.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())

test('a transaction that a silent server may still begin is nobody else’s afterwards', async () => {
  const { database } = connectDatabase({
    url: server.url,
    maxConnections: 1,
    queryTimeout: 500,
    applicationName: 'timed-out',
    onConnectionError: () => {},
  })
  await sql`create table written (id int)`.execute(database)
  await server.freeze()
  await expect(database.transaction().execute((held) => sql`select 1`.execute(held))).rejects.toThrow(/timeout/)
  await server.resume()
  await expect
    .poll(() =>
      sql`insert into written values (1)`.execute(database).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  const other = connectDatabase({ url: server.url, applicationName: 'other', onConnectionError: () => {} })
  const { rows } = await sql<{ id: number }>`select id from written`.execute(other.database)
  expect(rows).toEqual([{ id: 1 }])
  await Promise.all([database.destroy(), other.database.destroy()])
})

test('a query that is not answered in time leaves no statement behind that waits for it', async () => {
  const { database, pool } = connectDatabase({
    url: server.url,
    queryTimeout: 500,
    applicationName: 'timed-out',
    onConnectionError: () => {},
  })
  const client = await pool.connect()
  await client.query('begin')
  await expect(client.query('select pg_sleep(30)')).rejects.toThrow(/timeout/)
  const startedAt = performance.now()
  await expect(client.query('rollback')).rejects.toThrow()
  expect(performance.now() - startedAt).toBeLessThan(400)
  client.release()
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await database.destroy()
})
