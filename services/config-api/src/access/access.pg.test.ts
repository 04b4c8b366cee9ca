import { readFileSync, statSync } from 'node:fs'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { generateApiKey, hashApiKey, prefixOf } from './api-key.ts'
import { ensureAdminKey } from './ensure-admin-key.ts'
import type { Role } from './principal.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

async function apiWith(
  role: Role,
  organizationId: string | null,
  fields: { expires_at?: Date; revoked_at?: Date } = {},
) {
  const key = generateApiKey()
  const row = { id: newId(), name: `${role} key`, key_hash: hashApiKey(key), prefix: prefixOf(key), role }
  await running.migrated.database
    .insertInto('api_keys')
    .values({ ...row, organization_id: organizationId, ...fields })
    .execute()
  return running.api.as(key)
}

test('without a valid key there is nothing but health and documentation', async () => {
  const { api } = running
  const past = new Date(Date.now() - 1_000)
  const strangers = [
    api.as('iomt_short'),
    api.as(generateApiKey()),
    await apiWith('admin', null, { expires_at: past }),
    await apiWith('admin', null, { revoked_at: past }),
  ]
  for (const stranger of strangers) {
    for (const path of ['/organizations', '/mqtt/devices', '/nowhere']) {
      const refused = await stranger.get(path)
      expect(problemOf(refused)).toBe('401 /problems/unauthenticated')
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="iomt"')
    }
  }
  for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/asyncapi.json', '/docs/']) {
    const response = await fetch(`${api.url}${path}`)
    expect(response.status, path).toBe(200)
    await response.text()
  }
})

test('viewers read, operators also publish, admins change', async () => {
  const { pdu } = await createEstate(running.api)
  const socket = await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  const viewer = await apiWith('viewer', null)
  const operator = await apiWith('operator', null)
  const publish = `/sockets/${socket.id}/mqtt-publish`
  expect((await viewer.get(`/sockets/${socket.id}`)).status).toBe(200)
  expect(problemOf(await viewer.post(publish, { payload: 1 }))).toBe('403 /problems/forbidden')
  expect(problemOf(await operator.post(publish, { payload: 1 }))).toBe('503 /problems/socket-not-connected')
  const tried = `/sockets/${socket.id}/mqtt-test`
  expect(problemOf(await viewer.post(tried, {}))).toBe('403 /problems/forbidden')
  expect(problemOf(await operator.post(tried, {}))).toBe('409 /problems/not-configured')
  expect(problemOf(await operator.post(tried, { configuration: {} }))).toBe('403 /problems/forbidden')
  for (const api of [viewer, operator]) {
    expect(problemOf(await api.post('/organizations', { code: 'x', name: 'X' }))).toBe('403 /problems/forbidden')
    expect(problemOf(await api.put(`/sockets/${socket.id}/mqtt-config`, {}))).toBe('403 /problems/forbidden')
    expect(problemOf(await api.delete(`/sockets/${socket.id}`))).toBe('403 /problems/forbidden')
  }
})

test('a key of one organization sees and changes nothing of another', async () => {
  const { api } = running
  const own = await createEstate(api)
  const other = await createEstate(api)
  const socket = await create(api, `/pdus/${other.pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 's' })
  const device = await create(api, '/devices', { organization_id: other.organization.id, name: 'Pump' })
  await api.post('/mqtt/devices', { device_id: device.id, socket_id: socket.id })
  const bound = await apiWith('admin', own.organization.id)
  const paths = [
    `/organizations/${other.organization.id}`,
    `/departments/${other.department.id}`,
    `/pdus/${other.pdu.id}`,
    `/sockets/${socket.id}`,
    `/devices/${device.id}`,
  ]
  for (const path of paths) {
    expect(problemOf(await bound.get(path)), path).toBe('404 /problems/not-found')
    const change = path.startsWith('/sockets') ? { is_enabled: false } : { name: 'mine' }
    expect(problemOf(await bound.patch(path, change)), path).toBe('404 /problems/not-found')
    expect(problemOf(await bound.delete(path)), path).toBe('404 /problems/not-found')
  }
  for (const path of [
    `/pdus/${other.pdu.id}/sockets`,
    `/sockets/${socket.id}/mqtt-config`,
    `/sockets/${socket.id}/mqtt-status`,
    `/sockets/${socket.id}/status-events`,
    `/mqtt/devices/${device.id}`,
    `/mqtt/devices/${device.id}/state`,
    `/mqtt/devices/${device.id}/telemetry`,
  ]) {
    expect((await bound.get(path)).status, path).toBe(404)
  }
  expect((await bound.put(`/sockets/${socket.id}/mqtt-config`, {})).status).toBe(404)
  expect((await bound.put(`/mqtt/devices/${device.id}`, {})).status).toBe(404)
  expect((await bound.delete(`/mqtt/devices/${device.id}`)).status).toBe(404)
  expect((await bound.post(`/sockets/${socket.id}/mqtt-publish`, { payload: 1 })).status).toBe(404)
  expect((await bound.post(`/sockets/${socket.id}/mqtt-test`, {})).status).toBe(404)
  for (const list of [
    '/organizations',
    '/departments',
    '/pdus',
    '/sockets',
    '/devices',
    '/mqtt/devices',
    '/mqtt/statuses',
  ]) {
    const text = (await bound.get(`${list}?limit=500`)).text
    for (const { id } of [other.organization, other.department, other.pdu, socket, device])
      expect(text, list).not.toContain(id)
  }
  const foreign = { organization_id: other.organization.id, code: 'z', name: 'Z' }
  expect(problemOf(await bound.post('/departments', foreign))).toBe('404 /problems/not-found /organization_id')
  expect(problemOf(await bound.post('/pdus', foreign))).toBe('404 /problems/not-found /organization_id')
  expect((await bound.post('/sockets', { pdu_id: other.pdu.id, socket_number: 9 })).status).toBe(404)
  expect(problemOf(await bound.post('/organizations', { code: 'new', name: 'New' }))).toBe('403 /problems/forbidden')
  const inCapitals = { organization_id: own.organization.id.toUpperCase(), code: 'capitals', name: 'Capitals' }
  expect((await bound.post('/departments', inCapitals)).status).toBe(201)
  const mine = await create(bound, `/pdus/${own.pdu.id}/sockets`, { socket_number: 1 })
  expect((await bound.post('/mqtt/devices', { device_id: device.id, socket_id: mine.id })).status).toBe(404)
  expect((await bound.patch(`/sockets/${mine.id}`, { device_id: device.id })).status).toBe(404)
})

test('the first admin key: written once with mode 0600, also when replicas race; an existing file is taken', async () => {
  const { config, migrated, log } = running
  expect(statSync(config.ADMIN_KEY_FILE).mode & 0o777).toBe(0o600)
  const key = readFileSync(config.ADMIN_KEY_FILE, 'utf8').trim()
  expect(log()).not.toContain(key)
  const admins = () => migrated.database.selectFrom('api_keys').select('id').where('name', '=', 'first-admin').execute()
  const silent = pino({ level: 'silent' })
  // The statement of docs/containers.md for a lost key.
  await migrated.pool.query(
    "update api_keys set revoked_at = now() where role = 'admin' and organization_id is null and revoked_at is null",
  )
  const path = `${config.ADMIN_KEY_FILE}.second`
  await Promise.all([1, 2, 3].map(() => ensureAdminKey(migrated.database, path, silent)))
  expect(await admins()).toHaveLength(2)
  await ensureAdminKey(migrated.database, path, silent)
  expect(await admins()).toHaveLength(2)
})

test('last_used_at is kept, and not written at every request', async () => {
  const viewer = await apiWith('viewer', null)
  const read = () =>
    migrated.database
      .selectFrom('api_keys')
      .select('last_used_at')
      .where('key_hash', '=', hashApiKey(viewer.key))
      .executeTakeFirst()
  const { migrated } = running
  await viewer.get('/organizations')
  const first = await read()
  expect(first?.last_used_at).toBeInstanceOf(Date)
  await viewer.get('/organizations')
  expect(await read()).toEqual(first)
})
