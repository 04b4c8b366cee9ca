import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateApiKey, hashApiKey, prefixOf } from '../access/api-key.ts'
import { createConfigApiMetrics } from '../metrics.ts'
import { type App, createApp } from './app.ts'

let migrated: MigratedDatabase
beforeAll(async () => {
  migrated = await createMigratedDatabase()
})
afterAll(() => migrated.drop())

/** Attempts a minute that an address has with keys which are not known. */
const ATTEMPTS = 300

async function startApp(requestsPerSecond = 1_000_000): Promise<App> {
  const app = await createApp({
    logger: pino({ level: 'silent' }),
    database: migrated.database,
    requestsPerSecond,
    publicUrl: undefined,
    metrics: createConfigApiMetrics(async () => null),
  })
  app.get('/known', async () => ({}))
  return app
}

async function validKey(): Promise<string> {
  const key = generateApiKey()
  await migrated.database
    .insertInto('api_keys')
    .values({ id: newId(), name: 'viewer', key_hash: hashApiKey(key), prefix: prefixOf(key), role: 'viewer' })
    .execute()
  return key
}

async function get(app: App, key: string | null, { from = '10.0.0.1', url = '/known' } = {}) {
  const authorization = key === null ? {} : { authorization: `Bearer ${key}` }
  const { statusCode, headers, body } = await app.inject({ url, remoteAddress: from, headers: authorization })
  return { status: statusCode, headers, body }
}

test('whoever tries key after key is refused before the database is asked; keys in use go on, and other addresses', async () => {
  const app = await startApp()
  const inUse = await validKey()
  expect((await get(app, inUse)).status).toBe(200)
  // The key in use was tried once itself.
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    const url = attempt % 2 === 0 ? '/known' : '/nowhere'
    expect((await get(app, generateApiKey(), { url })).status).toBe(401)
  }

  await migrated.pool.query('alter table api_keys rename to api_keys_away')
  for (const url of ['/known', '/nowhere']) {
    const refused = await get(app, generateApiKey(), { url })
    expect(refused.status).toBe(429)
    expect(refused.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(JSON.parse(refused.body)).toMatchObject({ type: '/problems/rate-limited', status: 429 })
  }
  await migrated.pool.query('alter table api_keys_away rename to api_keys')

  expect((await get(app, inUse)).status).toBe(200)
  expect((await get(app, generateApiKey(), { from: '10.0.0.2' })).status).toBe(401)
  expect((await get(app, await validKey(), { from: '10.0.0.2' })).status).toBe(200)
  // One client has as many IPv6 addresses of its network as it likes.
  const network = Array.from({ length: ATTEMPTS }, (_, index) =>
    get(app, generateApiKey(), { from: `fd00::${index + 1}` }),
  )
  await Promise.all(network)
  expect((await get(app, generateApiKey(), { from: 'fd00::ffff' })).status).toBe(429)
  expect((await get(app, generateApiKey(), { from: 'fd00:0:0:1::1' })).status).toBe(401)
  await app.close()
})

test('a key that was revoked is refused at once, then without asking, and takes no attempt from others', async () => {
  const app = await startApp()
  const key = await validKey()
  expect((await get(app, key)).status).toBe(200)
  await migrated.database
    .updateTable('api_keys')
    .set({ revoked_at: new Date() })
    .where('key_hash', '=', hashApiKey(key))
    .execute()
  expect((await get(app, key)).body).toContain('revoked')
  await migrated.pool.query('alter table api_keys rename to api_keys_away')
  for (let attempt = 0; attempt < ATTEMPTS + 1; attempt += 1) {
    const refused = await get(app, key)
    expect([refused.status, refused.body.includes('revoked')]).toEqual([401, true])
  }
  await migrated.pool.query('alter table api_keys_away rename to api_keys')
  expect((await get(app, await validKey())).status).toBe(200)
  await app.close()
})

test('no key, and what cannot be one, cost no query and are always told so', async () => {
  const app = await startApp()
  for (let attempt = 0; attempt < ATTEMPTS + 1; attempt += 1) {
    expect((await get(app, attempt % 2 === 0 ? null : 'iomt_short')).status).toBe(401)
  }
  expect((await get(app, await validKey())).status).toBe(200)
  await app.close()
})

test('unknown paths count among the requests of a key', async () => {
  const app = await startApp(2)
  const key = await validKey()
  // Repeated, since a second may end between the requests.
  const statuses = []
  for (let attempt = 0; attempt < 6; attempt += 1) statuses.push((await get(app, key, { url: '/nowhere' })).status)
  expect(statuses).toContain(429)
  expect(statuses[0]).toBe(404)
  await app.close()
})
