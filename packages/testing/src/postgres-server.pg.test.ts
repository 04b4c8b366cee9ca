import pg from 'pg'
import { expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

async function query(server: PostgresServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('a committed row survives a kill amid a statement, on the same port', async () => {
  const server = await startPostgres()
  try {
    expect(await query(server, 'SHOW fsync')).toEqual([{ fsync: 'on' }])
    await query(server, 'CREATE TABLE reading AS SELECT 1 AS id')
    const sleeping = query(server, 'SELECT pg_sleep(60)').catch((error: unknown) => error)
    const { pid, port } = server
    await server.kill9()
    expect(await sleeping).toBeInstanceOf(Error)

    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(server.port).toBe(port)
    expect(await query(server, 'SELECT id FROM reading')).toEqual([{ id: 1 }])

    await server.freeze()
    const answer = query(server, 'SELECT 2 AS id')
    await server.resume()
    expect(await answer).toEqual([{ id: 2 }])
  } finally {
    await server.stop()
  }
})
