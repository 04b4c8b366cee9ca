import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { create, createEstate, freshCode } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { hashApiKey } from './api-key.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

const newOrganization = () => create(running.api, '/organizations', { code: freshCode('org'), name: 'Hospital' })

test('a key that is made works with its role, is shown once, and stops at once when it is revoked', async () => {
  const { api, migrated } = running
  const answer = await api.post('/api-keys', { name: 'Ward dashboard', role: 'viewer' })
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const { key, ...shown } = answer.body
  expect(shown).toEqual({
    ...{ id: expect.any(String), name: 'Ward dashboard', role: 'viewer', organization_id: null },
    ...{ prefix: key.slice(0, 10), created_at: expect.any(String) },
    ...{ expires_at: null, last_used_at: null, revoked_at: null },
  })
  const path = `/api-keys/${shown.id}`
  expect(answer.headers.get('location')).toBe(path)

  const dashboard = api.as(key)
  expect((await dashboard.get('/organizations')).status).toBe(200)
  expect(problemOf(await dashboard.post('/organizations', { code: 'x', name: 'X' }))).toBe('403 /problems/forbidden')
  expect((await api.get(path)).body).toEqual({ ...shown, last_used_at: expect.any(String) })
  const list = await api.get('/api-keys?role=viewer&limit=500')
  expect(list.body.items.map(({ id }: { id: string }) => id)).toContain(shown.id)

  expect((await api.delete(path)).status).toBe(204)
  expect((await api.delete(path)).status).toBe(204)
  expect(problemOf(await dashboard.get('/organizations'))).toBe('401 /problems/unauthenticated')
  expect((await api.get(path)).body.revoked_at).toEqual(expect.any(String))

  const { rows } = await migrated.pool.query(
    `select action, before, after from audit_log where entity = 'api-key' and entity_id = $1 order by id`,
    [shown.id],
  )
  expect(rows.map(({ action }) => action)).toEqual(['created', 'deleted'])
  const everything = JSON.stringify([rows, list.body]) + running.log()
  for (const secret of [key, hashApiKey(key).toString('hex'), hashApiKey(key).toString('base64')])
    expect(everything).not.toContain(secret)
})

test('only admins have to do with keys, and nobody revokes the one in use', async () => {
  const { api } = running
  const { key } = await create(api, '/api-keys', { name: 'Technician', role: 'operator' })
  const operator = api.as(key)
  expect(problemOf(await operator.get('/api-keys'))).toBe('403 /problems/forbidden')
  expect(problemOf(await operator.post('/api-keys', { name: 'x', role: 'viewer' }))).toBe('403 /problems/forbidden')
  const second = await create(api, '/api-keys', { name: 'Second', role: 'admin' })
  const own = await api.as(second.key).delete(`/api-keys/${second.id}`)
  expect(problemOf(own)).toBe('409 /problems/in-use')
  expect((await api.as(second.key).get('/api-keys')).status).toBe(200)
})

test('an admin of one organization sees, makes and revokes only its keys', async () => {
  const { api } = running
  const [mine, other] = [await newOrganization(), await newOrganization()]
  const made = await create(api, '/api-keys', { name: 'Mine', role: 'admin', organization_id: mine.id })
  const foreign = await create(api, '/api-keys', { name: 'Other', role: 'viewer', organization_id: other.id })
  const bound = api.as(made.key)
  const ward = await create(bound, '/api-keys', { name: 'Ward', role: 'viewer' })
  expect(ward.organization_id).toBe(mine.id)
  const seen = (await bound.get('/api-keys?limit=500')).body.items
  expect(seen.map(({ id }: { id: string }) => id)).toEqual([made.id, ward.id])
  for (const path of [`/api-keys/${foreign.id}`]) {
    expect(problemOf(await bound.get(path))).toBe('404 /problems/not-found')
    expect(problemOf(await bound.delete(path))).toBe('404 /problems/not-found')
  }
  const forOther = { name: 'x', role: 'viewer', organization_id: other.id }
  expect(problemOf(await bound.post('/api-keys', forOther))).toBe('404 /problems/not-found /organization_id')
  const forAll = { name: 'x', role: 'viewer', organization_id: null }
  expect(problemOf(await bound.post('/api-keys', forAll))).toBe('403 /problems/forbidden')
  expect((await api.as(foreign.key).get('/organizations')).status).toBe(200)
})

test('a key ends by itself; a time in the past or an unknown role is refused by name', async () => {
  const { api } = running
  const soon = new Date(Date.now() + 2_000).toISOString()
  const { key, expires_at: expiresAt } = await create(api, '/api-keys', {
    name: 'Visitor',
    role: 'viewer',
    expires_at: soon,
  })
  expect(expiresAt).toBe(soon)
  expect((await api.as(key).get('/organizations')).status).toBe(200)
  await expect
    .poll(async () => problemOf(await api.as(key).get('/organizations')), { timeout: 10_000 })
    .toBe('401 /problems/unauthenticated')
  const past = { name: 'x', role: 'viewer', expires_at: '2020-01-01T00:00:00Z' }
  expect(problemOf(await api.post('/api-keys', past))).toBe('400 /problems/invalid-request /expires_at')
  expect(problemOf(await api.post('/api-keys', { name: 'x', role: 'root' }))).toMatch(/^400 .* \/role/)
})

test('an organization goes when its keys are revoked, and they go with it', async () => {
  const { api } = running
  const { organization, department, pdu } = await createEstate(api)
  const key = await create(api, '/api-keys', { name: 'Ward', role: 'viewer', organization_id: organization.id })
  for (const path of [`/pdus/${pdu.id}`, `/departments/${department.id}`])
    expect((await api.delete(path)).status).toBe(204)
  const refused = await api.delete(`/organizations/${organization.id}`)
  expect(problemOf(refused)).toBe('409 /problems/in-use')
  expect(refused.body.detail).toBe('The organization still has 1 API keys; revoke them first.')
  expect((await api.as(key.key).get('/pdus')).status).toBe(200)
  await api.delete(`/api-keys/${key.id}`)
  expect((await api.delete(`/organizations/${organization.id}`)).status).toBe(204)
  expect(problemOf(await api.get(`/api-keys/${key.id}`))).toBe('404 /problems/not-found')
})
