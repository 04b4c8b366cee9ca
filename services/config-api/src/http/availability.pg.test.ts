import { connect } from 'node:net'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { createTestDatabase } from '@iomt/testing/postgres'
import { startTcpProxy, type TcpProxy } from '@iomt/testing/tcp-proxy'
import { waitFor } from '@iomt/testing/wait-for'
import { afterEach, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { create } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

const closers: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A config-api whose way to Postgres can be broken. */
async function behindProxy(): Promise<{ running: RunningConfigApi; proxy: TcpProxy; migrated: MigratedDatabase }> {
  const migrated = await createMigratedDatabase()
  closers.push(() => migrated.drop())
  const { hostname, port } = new URL(migrated.url)
  const proxy = await startTcpProxy({ targetHost: hostname, targetPort: Number(port) })
  closers.push(() => proxy.close())
  const url = new URL(migrated.url)
  url.host = `127.0.0.1:${proxy.port}`
  const running = await startConfigApi({ migrated, config: { DATABASE_URL: url.href } })
  closers.push(() => running.stop())
  return { running, proxy, migrated }
}

test('while Postgres is gone every answer is 503 problem+json, and afterwards all is well', async () => {
  const { running, proxy } = await behindProxy()
  const { api, log } = running
  const { id } = await create(api, '/organizations', { code: 'a', name: 'A' })
  proxy.cut()
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answers = await Promise.all([
      api.get('/organizations'),
      api.post('/organizations', { code: 'b', name: 'B' }),
      api.patch(`/organizations/${id}`, { name: 'C' }),
    ])
    expect(answers.map(problemOf)).toEqual(Array(3).fill('503 /problems/database-unavailable'))
    expect(answers[0]?.headers.get('retry-after')).toBe('1')
  }
  expect((await api.get('/livez')).status).toBe(200)
  expect((await api.get('/readyz')).body).toMatchObject({ ready: false })
  expect((await api.get('/metrics')).text).toMatch(/outbox_backlog\{[^}]*\} Nan/i)
  proxy.heal()
  expect((await api.get(`/organizations/${id}`)).body).toMatchObject({ name: 'A', version: 1 })
  await waitFor(async () => (await api.get('/readyz')).status === 200, { what: 'readiness' })
  expect(log()).not.toContain('"level":50')
})

test('of a statement that took too long the answer says that, and not that the database is away', async () => {
  const { running, migrated } = await behindProxy()
  const client = await migrated.pool.connect()
  await client.query('begin; lock table organizations in access exclusive mode')
  const answer = await running.api.get('/organizations')
  await client.query('rollback')
  client.release()
  expect(problemOf(answer)).toBe('503 /problems/database-unavailable')
  expect(answer.body.detail).toContain('took too long')
}, 20_000)

test('when Postgres freezes, requests end with 503 in bounded time', async () => {
  const { running, proxy } = await behindProxy()
  const { api } = running
  await api.get('/organizations')
  proxy.blackhole()
  const started = performance.now()
  expect(problemOf(await api.get('/organizations'))).toBe('503 /problems/database-unavailable')
  expect(performance.now() - started).toBeLessThan(11_000)
  proxy.heal()
  await waitFor(async () => (await api.get('/organizations')).status === 200, { what: 'recovery' })
})

test('at start it waits for the schema, which another step migrates', async () => {
  const { url, drop } = await createTestDatabase()
  closers.push(drop)
  const { connectDatabase } = await import('@iomt/database/connect')
  const { migrateToLatest } = await import('@iomt/database/migrate')
  const { database, pool } = connectDatabase({ url, applicationName: 'test', onConnectionError() {} })
  closers.push(() => database.destroy())
  let started = false
  const starting = startConfigApi({ migrated: { url, database, pool, drop } }).then((running) => {
    started = true
    closers.push(() => running.stop())
    return running
  })
  await waitFor(
    async () => (await pool.query(`select 1 from pg_stat_activity where application_name = 'config-api'`)).rowCount,
    { what: 'its connection' },
  )
  expect(started).toBe(false)
  await migrateToLatest(database)
  expect((await (await starting).api.get('/organizations')).status).toBe(200)
})

test('what is not HTTP is answered with a problem, and one key cannot take everything', async () => {
  const running = await startConfigApi({ config: { RATE_LIMIT_PER_SECOND: 5 } })
  closers.push(() => running.stop())
  const answers = await Promise.all(Array.from({ length: 30 }, () => running.api.get('/organizations')))
  const limited = answers.find(({ status }) => status === 429)
  expect(limited && problemOf(limited)).toBe('429 /problems/rate-limited')
  expect(limited?.headers.get('retry-after')).toBe('1')
  const raw = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(running.api.url).port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.on('close', () => resolve(text))
  })
  expect(raw).toMatch(/^HTTP\/1.1 400 Bad Request\r\nContent-Type: application\/problem\+json/)
})

test('the documentation page needs nothing from elsewhere', async () => {
  const running = await startConfigApi()
  closers.push(() => running.stop())
  const page = await fetch(`${running.api.url}/docs/`)
  const html = await page.text()
  expect(page.status).toBe(200)
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  const script = await fetch(new URL('js/scalar.js', `${running.api.url}/docs/`))
  expect(script.headers.get('content-type')).toContain('javascript')
  await script.text()
  // Whatever the script would like to fetch, the browser is told not to.
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'self'.*connect-src 'self'/)
  expect((await running.api.get('/organizations')).headers.get('content-security-policy')).toContain(
    "default-src 'none'",
  )
})
