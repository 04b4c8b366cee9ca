import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { create, createEstate, freshCode } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

test('create, read, change, delete, with Location and ETag', async () => {
  const { api } = running
  const created = await api.post('/organizations', { code: 'crud', name: 'First' })
  expect(created).toMatchObject({ status: 201, body: { code: 'crud', name: 'First', version: 1 } })
  expect(created.headers.get('etag')).toBe('"1"')
  const location = created.headers.get('location') as string
  expect(location).toBe(`/organizations/${created.body.id}`)
  expect((await api.get(location)).body).toEqual(created.body)

  const changed = await api.patch(location, { name: 'Second' }, { 'if-match': '"1"' })
  expect(changed).toMatchObject({ status: 200, body: { code: 'crud', name: 'Second', version: 2 } })
  expect(changed.headers.get('etag')).toBe('"2"')
  expect(problemOf(await api.patch(location, { name: 'x' }, { 'if-match': '"1"' }))).toBe('412 /problems/stale-version')
  expect(problemOf(await api.delete(location, { 'if-match': 'W/"2"' }))).toBe('412 /problems/stale-version')
  expect(problemOf(await api.delete(location, { 'if-match': '2' }))).toBe('400 /problems/invalid-if-match /if-match')
  expect((await api.delete(location, { 'if-match': '*' })).status).toBe(204)
  expect(problemOf(await api.get(location))).toBe('404 /problems/not-found')
})

test('what does not fit is refused with the place and the reason', async () => {
  const { api } = running
  const refused = await api.post('/organizations', { code: 'Not Allowed', nam: 'x', version: 3 })
  expect(problemOf(refused)).toBe('400 /problems/invalid-request /name /nam /version /code')
  expect(refused.body.errors).toContainEqual({ pointer: '/nam', detail: 'is not a known field; known are code, name' })
  expect(refused.body.errors).toContainEqual({ pointer: '/version', detail: 'is read-only; leave it out' })
  expect(refused.body.request_id).toBe(refused.headers.get('x-request-id'))
  expect(problemOf(await api.post('/organizations', { code: 'a', name: 'a\u0000b' }))).toBe(
    '400 /problems/invalid-request /name',
  )
  expect(problemOf(await api.post('/organizations', { code: 'a', name: 'a\ud800' }))).toBe(
    '400 /problems/invalid-request /name',
  )
  expect(problemOf(await api.patch(`/organizations/${crypto.randomUUID()}`, {}))).toBe('400 /problems/invalid-request ')
  expect(problemOf(await api.get('/organizations/7'))).toBe('400 /problems/invalid-request /id')
  expect(problemOf(await api.get('/organizations?limit=0'))).toBe('400 /problems/invalid-request /limit')
  expect(problemOf(await api.get('/organizations?cursor=abc'))).toBe('400 /problems/invalid-cursor /cursor')
  expect(problemOf(await api.get('/organizations?unknown=1'))).toBe('400 /problems/invalid-request /unknown')
})

test('a document that would fill the messages it goes into is refused', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const path = `/pdus/${pdu.id}`
  const large = { location: { plan: 'é'.repeat(32_763) }, specifications: { plan: 'x'.repeat(65_526) } }
  expect(problemOf(await api.patch(path, { location: large.location }))).toBe('400 /problems/invalid-request /location')
  const refused = await api.patch(path, { specifications: large.specifications })
  expect(refused.body.errors).toEqual([{ pointer: '/specifications', detail: 'must be at most 65536 bytes as JSON' }])
  expect((await api.get(path)).body).toEqual(pdu)
  expect((await api.patch(path, { specifications: { plan: 'x'.repeat(65_525) } })).status).toBe(200)
})

test('HTTP mistakes are problems too', async () => {
  const { api } = running
  const json = { 'content-type': 'application/json' }
  expect(problemOf(await api.get('/nowhere'))).toBe('404 /problems/route-not-found')
  const wrongMethod = await api.put('/organizations', {})
  expect(problemOf(wrongMethod)).toBe('405 /problems/method-not-allowed')
  expect(wrongMethod.headers.get('allow')).toBe('GET, HEAD, POST')
  expect(problemOf(await api.send('POST', '/organizations', { headers: json, body: '{"a":' }))).toBe(
    '400 /problems/malformed-json',
  )
  expect(problemOf(await api.send('POST', '/organizations', { headers: json, body: '{"__proto__":{}}' }))).toBe(
    '400 /problems/malformed-json',
  )
  expect(problemOf(await api.send('POST', '/organizations', { headers: json }))).toBe('400 /problems/malformed-json')
  const text = { 'content-type': 'text/plain' }
  expect(problemOf(await api.send('POST', '/organizations', { headers: text, body: 'x' }))).toBe(
    '415 /problems/unsupported-media-type',
  )
  const large = JSON.stringify({ code: 'a', name: 'x'.repeat(1024 ** 2) })
  expect(problemOf(await api.send('POST', '/organizations', { headers: json, body: large }))).toBe(
    '413 /problems/payload-too-large',
  )
  expect(problemOf(await api.get('/organizations/%zz'))).toBe('400 /problems/malformed-request')
  const deep = `{"code":"a","name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  expect(problemOf(await api.send('POST', '/organizations', { headers: json, body: deep }))).toMatch(/^400 /)
})

test('codes and asset tags are unique in their parent, also when two requests race', async () => {
  const { api } = running
  const { organization } = await createEstate(api)
  const body = { organization_id: organization.id, code: 'race', name: 'Race' }
  const raced = await Promise.all([1, 2, 3].map(() => api.post('/departments', body)))
  expect(raced.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  expect(problemOf(await api.post('/departments', body))).toBe('409 /problems/code-taken /code')
  const device = { organization_id: organization.id, name: 'Pump', asset_tag: 'A1' }
  await create(api, '/devices', device)
  expect(problemOf(await api.post('/devices', device))).toBe('409 /problems/asset-tag-taken /asset_tag')
})

test('a parent with children stays, and the answer says what is in the way', async () => {
  const { api } = running
  const { organization, department, pdu } = await createEstate(api)
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  const refused = await api.delete(`/organizations/${organization.id}`)
  expect(problemOf(refused)).toBe('409 /problems/in-use')
  expect(refused.body.detail).toBe('The organization still has 1 departments, 1 PDUs; remove them first.')
  expect(problemOf(await api.delete(`/departments/${department.id}`))).toBe('409 /problems/in-use')
  expect(problemOf(await api.delete(`/pdus/${pdu.id}`))).toBe('409 /problems/in-use')
  for (const path of [
    `/sockets/${socket.id}`,
    `/pdus/${pdu.id}`,
    `/departments/${department.id}`,
    `/organizations/${organization.id}`,
  ]) {
    expect((await api.delete(path)).status).toBe(204)
  }
})

test('an unknown parent is named', async () => {
  const { api } = running
  const id = crypto.randomUUID()
  const { organization } = await createEstate(api)
  const other = await createEstate(api)
  expect(problemOf(await api.post('/departments', { organization_id: id, code: 'a', name: 'A' }))).toBe(
    '404 /problems/not-found /organization_id',
  )
  const pdu = { organization_id: organization.id, department_id: other.department.id, code: 'a', name: 'A' }
  expect(problemOf(await api.post('/pdus', pdu))).toBe('404 /problems/not-found /department_id')
  expect(problemOf(await api.post('/sockets', { pdu_id: id, socket_number: 1 }))).toBe(
    '404 /problems/not-found /pdu_id',
  )
  expect(problemOf(await api.post(`/pdus/${id}/sockets`, { socket_number: 1 }))).toBe('404 /problems/not-found /pdu_id')
})

test('pages hold every row once while rows are added and removed between them', async () => {
  const { api } = running
  const { organization } = await createEstate(api)
  const device = (name: string) => create(api, '/devices', { organization_id: organization.id, name })
  const before: string[] = []
  for (let index = 0; index < 9; index += 1) before.push((await device(`d${index}`)).id)
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page = await api.get(
      `/devices?organization_id=${organization.id}&limit=2${cursor ? `&cursor=${cursor}` : ''}`,
    )
    expect(page.status).toBe(200)
    seen.push(...page.body.items.map(({ id }: { id: string }) => id))
    cursor = page.body.next_cursor
    // The last row seen goes away, and another one comes.
    if (seen.length === 4) await api.delete(`/devices/${seen[3]}`)
    if (seen.length < 8) await device('late')
  } while (cursor !== null)
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.slice(0, 9)).toEqual(before)
})

test('each change leaves an audit entry and an outbox row, a refused one leaves nothing', async () => {
  const { api, migrated } = running
  const code = freshCode('audit')
  const { id } = await create(api, '/organizations', { code, name: 'A' })
  await api.patch(`/organizations/${id}`, { name: 'B' }, { 'x-request-id': 'request-7' })
  await api.patch(`/organizations/${id}`, { name: 'C' }, { 'if-match': '"1"' })
  await api.delete(`/organizations/${id}`)
  const audit = await migrated.database
    .selectFrom('audit_log')
    .selectAll()
    .where('entity_id', '=', id)
    .orderBy('id')
    .execute()
  expect(audit).toMatchObject([
    { action: 'created', version: 1, before: null, after: { name: 'A' }, actor: 'first-admin' },
    { action: 'updated', version: 2, before: { name: 'A' }, after: { name: 'B' }, request_id: 'request-7' },
    { action: 'deleted', version: 3, before: { name: 'B' }, after: null },
  ])
  const outbox = await migrated.database
    .selectFrom('outbox')
    .selectAll()
    .where('entity_id', '=', id)
    .orderBy('id')
    .execute()
  expect(outbox.map(({ action, entity_version: version }) => [action, version])).toEqual([
    ['created', 1],
    ['updated', 2],
    ['deleted', 3],
  ])
})

test('a column that a newer version has added is in no answer and no event', async () => {
  const { api, migrated } = running
  const { organization, department, pdu } = await createEstate(api)
  const of = { organization_id: organization.id }
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  const device = await create(api, '/devices', { ...of, name: 'Pump' })
  await create(api, '/mqtt/devices', { device_id: device.id, socket_id: socket.id })
  const profile = await create(api, '/payload-profiles', { ...of, name: 'Shared', payload_config: {} })
  const tables = [
    'organizations',
    'departments',
    'power_distribution_units',
    'sockets',
    'devices',
    'payload_profiles',
    'replays',
  ]
  for (const table of tables) await migrated.pool.query(`alter table ${table} add column newer text default 'secret'`)
  // Answers are checked against their schemas, which forbid it.
  for (const [path, { id }] of [
    ['/organizations', organization],
    ['/departments', department],
    ['/pdus', pdu],
    ['/sockets', socket],
    ['/devices', device],
    ['/payload-profiles', profile],
  ] as const) {
    expect((await api.get(path)).status).toBe(200)
    expect((await api.get(`${path}/${id}`)).status).toBe(200)
    expect((await api.patch(`${path}/${id}`, { name: 'renamed' })).body).toMatchObject({ name: 'renamed' })
  }
  expect((await api.get('/mqtt/devices')).status).toBe(200)
  const { rows } = await migrated.pool.query(
    "select (select count(*)::int from audit_log where after::text ~ 'secret') as audited, (select count(*)::int from outbox where resource::text ~ 'secret') as sent",
  )
  expect(rows).toEqual([{ audited: 0, sent: 0 }])
})
