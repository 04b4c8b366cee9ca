import { type PostgresServer, startPostgres } from '@iomt/testing/postgres-server'
import { sql } from 'kysely'
import pg from 'pg'
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
  await sql`create table written (id int primary key)`.execute(database)
  await server.freeze()
  await expect(database.transaction().execute((held) => sql`select 1`.execute(held))).rejects.toThrow(/timeout/)
  await server.resume()
  await expect
    .poll(() =>
      sql`insert into written values (1) on conflict do nothing`.execute(database).then(
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

const timedOut = (queryTimeout: number) =>
  connectDatabase({ url: server.url, queryTimeout, applicationName: 'timed-out', onConnectionError: () => {} })

test('a query that a silent server does not answer leaves no statement behind that waits for it', async () => {
  const { database, pool } = timedOut(2_000)
  const client = await pool.connect()
  await client.query('begin')
  await server.freeze()
  await expect(client.query('select 1')).rejects.toThrow('Query read timeout')
  const startedAt = performance.now()
  await expect(client.query('rollback')).rejects.toThrow()
  expect(performance.now() - startedAt).toBeLessThan(1_500)
  await server.resume()
  client.release()
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await database.destroy()
})

test('a query that takes too long is given up by the server, which works at nothing more for us', async () => {
  const { database, pool } = timedOut(3_000)
  for (let round = 0; round < 3; round += 1) {
    await expect(pool.query('select pg_sleep(30)')).rejects.toMatchObject({ code: '57014' })
  }
  const { rows } = await pool.query(
    "select count(*)::int as working from pg_stat_activity where application_name = 'timed-out' and query ~ '^select pg_sleep' and state = 'active'",
  )
  expect(rows).toEqual([{ working: 0 }])
  await database.destroy()
})

test('a connection to a server that takes no writes any more is given up: the next one finds another', async () => {
  const { database, pool } = connectDatabase({
    url: server.url,
    maxConnections: 1,
    applicationName: 'failed-over',
    onConnectionError: () => {},
  })
  await pool.query('create table failed_over (id int)')
  // Of this session alone, as only an old session has the server that was the primary.
  await pool.query('set default_transaction_read_only = on')
  const insert = () => pool.query('insert into failed_over values (1)')
  await expect(insert()).rejects.toMatchObject({ code: '25006' })
  await insert()
  await pool.query('set default_transaction_read_only = on')
  const inTransaction = () =>
    database.transaction().execute((held) => sql`insert into failed_over values (2)`.execute(held))
  await expect(inTransaction()).rejects.toMatchObject({ code: '25006' })
  await inTransaction()
  await database.destroy()
})

test('statements are not compiled, also on a server that is built to', async () => {
  const plain = new pg.Client({ connectionString: server.url })
  await plain.connect()
  expect((await plain.query('show jit')).rows).toEqual([{ jit: 'on' }])
  const { database, pool } = connectDatabase({ url: server.url, applicationName: 'jit', onConnectionError() {} })
  expect((await pool.query('show jit')).rows).toEqual([{ jit: 'off' }])
  await Promise.all([plain.end(), database.destroy()])
})
