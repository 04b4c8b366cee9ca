import { createHash, randomBytes } from 'node:crypto'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { BROKER, create, createEstate, type Estate, expectStatus } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

let hosts = 0
/** A broker of the test's own. */
function freshBroker() {
  hosts += 1
  return { mqtt_broker_host: `topics-${hosts}.example`, mqtt_broker_port: 1883 }
}

const addSocket = (pdu: Body, number: number, fields: object = {}) =>
  create(running.api, `/pdus/${pdu.id}/sockets`, {
    socket_number: number,
    mqtt_topic_suffix: `socket${number}`,
    ...fields,
  })

/** A key that sees one organization only. */
async function keyOf({ organization }: Estate, role = 'admin'): Promise<string> {
  const key = `iomt_${randomBytes(32).toString('base64url')}`
  await running.migrated.database
    .insertInto('api_keys')
    .values({
      id: newId(),
      name: 'bound',
      key_hash: createHash('sha256').update(key).digest(),
      prefix: key.slice(0, 12),
      role: role as 'admin',
      organization_id: organization.id,
    })
    .execute()
  return key
}

const check = async (body: object) => expectStatus(200, await running.api.post('/topics/check', body)).body

test('a topic is checked for its form, each part by its name', async () => {
  expect(await check({ mqtt_base_topic: 'a//b', mqtt_topic_suffix: '#' })).toEqual({
    topic: 'a//b/#',
    broker: null,
    valid: false,
    problems: [
      { pointer: '/mqtt_base_topic', detail: 'must not hold an empty level (//)' },
      { pointer: '/mqtt_topic_suffix', detail: 'must not hold the wildcards + or #' },
    ],
    conflicts: [],
  })
  expect(await check({ topic: 'hopt/tang3/pkt/socket1' })).toMatchObject({ valid: true, problems: [] })
  expect(await check({ topic: '$SYS/x' })).toMatchObject({ valid: false, problems: [{ pointer: '/topic' }] })
  expect((await check({ topic: 'x'.repeat(65_536) })).problems[0].detail).toContain('65536 bytes')
  expect((await check({ mqtt_base_topic: 'a' })).problems).toEqual([
    { pointer: '/mqtt_topic_suffix', detail: 'is not set' },
  ])
  expect(problemOf(await running.api.post('/topics/check', {}))).toMatch(/^400 /)
  expect(problemOf(await running.api.post('/topics/check', { topic: 'a', pdu_id: newId() }))).toBe(
    '404 /problems/not-found /pdu_id',
  )
})

test('a taken topic names the socket that has it, whatever way the broker is known; nothing is written', async () => {
  const broker = freshBroker()
  const { organization, pdu } = await createEstate(running.api, broker)
  const socket = await addSocket(pdu, 1)
  const conflict = {
    kind: 'same-topic',
    socket_id: socket.id,
    socket_number: 1,
    pdu_id: pdu.id,
    pdu_code: pdu.code,
    topic: socket.topic,
    detail: expect.stringContaining('socket 1 of PDU pdu-1'),
    what_to_do: expect.any(String),
  }
  const before = await running.migrated.database.selectFrom('audit_log').select('id').execute()
  const byBroker = { topic: socket.topic, ...broker, mqtt_broker_host: broker.mqtt_broker_host.toUpperCase() }
  expect(await check(byBroker)).toMatchObject({ valid: false, problems: [], conflicts: [conflict] })
  expect(await check({ mqtt_topic_suffix: 'socket1', pdu_id: pdu.id })).toMatchObject({ conflicts: [conflict] })
  // Cut at another slash, it is the same topic.
  const cut = { mqtt_base_topic: organization.code, mqtt_topic_suffix: 'tang3/pkt/socket1' }
  expect(await check({ ...cut, ...broker })).toMatchObject({ conflicts: [conflict] })
  expect(await check({ socket_id: socket.id })).toMatchObject({ valid: true, topic: socket.topic, conflicts: [] })
  expect(await check({ ...byBroker, mqtt_broker_port: 1884 })).toMatchObject({ valid: true })
  expect(await check({ ...byBroker, payload_config: { channel: 2 } })).toMatchObject({ valid: true })
  await running.api.patch(`/sockets/${socket.id}`, { is_enabled: false })
  expect(await check(byBroker)).toMatchObject({ valid: true })
  expect(await running.migrated.database.selectFrom('audit_log').select('id').execute()).toHaveLength(before.length + 1)
})

test('subtrees are checked both ways', async () => {
  const { pdu } = await createEstate(running.api, freshBroker())
  const wide = await addSocket(pdu, 1, { payload_config: { subtree: true } })
  expect((await check({ pdu_id: pdu.id, mqtt_topic_suffix: 'socket1/relay/0' })).conflicts).toMatchObject([
    { kind: 'subtree-overlap', socket_id: wide.id },
  ])
  const above = { pdu_id: pdu.id, topic: pdu.mqtt_base_topic, payload_config: { subtree: true } }
  expect((await check(above)).conflicts).toMatchObject([{ kind: 'subtree-overlap', socket_id: wide.id }])
  expect(await check({ ...above, payload_config: {} })).toMatchObject({ valid: true })
})

test('conflicts over the estate: pages, filters, and nothing of other organizations', async () => {
  const broker = freshBroker()
  const mine = await createEstate(running.api, broker)
  const theirs = await createEstate(running.api, { ...broker, mqtt_base_topic: mine.pdu.mqtt_base_topic })
  const wide = await addSocket(mine.pdu, 1, { payload_config: { subtree: true } })
  const below = await addSocket(mine.pdu, 2, { mqtt_topic_suffix: 'socket1/power' })
  const foreign = await addSocket(theirs.pdu, 1, { mqtt_topic_suffix: 'socket1/energy' })
  // A conflict of the kind that is refused when saved, as an older release could have left it.
  const twin = await addSocket(mine.pdu, 3)
  await running.migrated.database
    .updateTable('sockets')
    .set({ mqtt_topic_suffix: 'socket1/power' })
    .where('id', '=', twin.id)
    .execute()

  const own = running.api.as(await keyOf(mine))
  const seen: Body[] = []
  let cursor: string | null = null
  do {
    const page = await own.get(`/topics/conflicts?limit=1${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...expectStatus(200, page).body.items)
    cursor = page.body.next_cursor
  } while (cursor !== null)
  expect(seen.map(({ kind, socket_id: id, other }) => [kind, id, other?.socket_id ?? null]).sort()).toEqual(
    [
      ['same-topic', below.id, twin.id],
      ['subtree-overlap', below.id, wide.id],
      ['subtree-overlap', twin.id, wide.id],
      ['subtree-overlap', wide.id, null],
    ].sort(),
  )
  for (const hidden of [foreign.id, theirs.pdu.id, theirs.organization.id])
    expect(JSON.stringify(seen)).not.toContain(hidden)
  for (const { what_to_do: action, detail } of seen) expect(`${action}${detail}`.length).toBeGreaterThan(40)
  const byPdu = await running.api.get(`/topics/conflicts?pdu_id=${theirs.pdu.id}`)
  expect(byPdu.body.items).toMatchObject([{ socket_id: foreign.id, other: { socket_id: wide.id } }])
  expect((await running.api.get(`/topics/conflicts?organization_id=${newId()}`)).body.items).toEqual([])
  expect(problemOf(await own.get('/topics/conflicts?cursor=abc'))).toBe('400 /problems/invalid-cursor /cursor')
})

const BASE = '{organization}/{building}/tang-{floor}/{pdu}'

test('generated topics are shown first, then applied as one change of the PDU and each socket', async () => {
  const { organization, pdu } = await createEstate(running.api, {
    ...freshBroker(),
    location: { building: 'Nhà Đ', floor: 3 },
  })
  const sockets = [await addSocket(pdu, 1), await addSocket(pdu, 2, { name: 'Giường 2' }), await addSocket(pdu, 10)]
  const path = `/pdus/${pdu.id}/topics/generate`
  const asked = { base_template: BASE, suffix_template: 'socket{number:02}' }
  const preview = expectStatus(200, await running.api.post(path, asked))
  expect(preview.headers.get('etag')).toBe('"1"')
  const base = `${organization.code}/nha-d/tang-3/pdu-1`
  expect(preview.body).toMatchObject({
    applied: false,
    valid: true,
    mqtt_base_topic: { current: pdu.mqtt_base_topic, generated: base, left_out: [], problems: [] },
  })
  expect(preview.body.sockets.map(({ topic }: Body) => topic)).toEqual(
    ['01', '02', '10'].map((n) => `${base}/socket${n}`),
  )
  expect((await running.api.get(`/pdus/${pdu.id}`)).body).toEqual(pdu)

  expect(problemOf(await running.api.post(path, { ...asked, apply: true }, { 'if-match': '"7"' }))).toBe(
    '412 /problems/stale-version',
  )
  const applied = expectStatus(200, await running.api.post(path, { ...asked, apply: true }, { 'if-match': '"1"' }))
  expect(applied.body).toMatchObject({ applied: true, pdu_version: 2 })
  expect(applied.headers.get('etag')).toBe('"2"')
  const listed = (await running.api.get(`/pdus/${pdu.id}/sockets`)).body.items
  expect(listed.map(({ topic, version }: Body) => [topic, version])).toEqual([
    [`${base}/socket01`, 2],
    [`${base}/socket02`, 2],
    [`${base}/socket10`, 1],
  ])
  const outbox = await running.migrated.database
    .selectFrom('outbox')
    .select(['entity', 'entity_id', 'entity_version'])
    .where('action', '=', 'updated')
    .where('entity_id', 'in', [pdu.id, ...sockets.map(({ id }) => id)])
    .orderBy('id')
    .execute()
  expect(outbox.map(({ entity, entity_version: version }) => [entity, version])).toEqual([
    ['pdu', 2],
    ['socket', 2],
    ['socket', 2],
  ])
  // Once more changes nothing.
  const again = expectStatus(200, await running.api.post(path, { ...asked, apply: true }))
  expect(again.body).toMatchObject({ applied: true, pdu_version: 2 })
})

test('what is missing is left out or refused by name; names swap in one step', async () => {
  const { department, pdu } = await createEstate(running.api, freshBroker())
  const [a, b] = [await addSocket(pdu, 1, { name: 'socket2' }), await addSocket(pdu, 2, { name: 'socket1' })]
  const path = `/pdus/${pdu.id}/topics/generate`
  const defaults = expectStatus(200, await running.api.post(path, {})).body
  expect(defaults.mqtt_base_topic.generated).toMatch(new RegExp(`^org-\\d+/${department.code}/pdu-1$`))
  expect(defaults.mqtt_base_topic.left_out).toEqual(['building', 'floor'])
  const refused = await running.api.post(path, { missing: 'refuse', apply: true })
  expect(problemOf(refused)).toBe('400 /problems/invalid-request /base_template')
  expect(refused.body.detail).toContain('no value for building, floor')
  expect(problemOf(await running.api.post(path, { base_template: '{nothing}', apply: true }))).toBe(
    '400 /problems/invalid-request /base_template',
  )
  expect(problemOf(await running.api.post(path, { suffix_template: 'a{' }))).toBe(
    '400 /problems/invalid-request /suffix_template',
  )
  const swapped = await running.api.post(path, { base_template: null, suffix_template: '{name}', apply: true })
  expect(expectStatus(200, swapped).body.mqtt_base_topic.generated).toBe(pdu.mqtt_base_topic)
  expect((await running.api.get(`/sockets/${a.id}`)).body.mqtt_topic_suffix).toBe('socket2')
  expect((await running.api.get(`/sockets/${b.id}`)).body.mqtt_topic_suffix).toBe('socket1')
})

test('conflicts of generated topics are shown, and refused when applied', async () => {
  const broker = freshBroker()
  const first = await createEstate(running.api, { ...broker, mqtt_base_topic: 'shared/base' })
  const second = await createEstate(running.api, broker)
  const taken = await addSocket(first.pdu, 1)
  const twins = [await addSocket(second.pdu, 1), await addSocket(second.pdu, 2)]
  const path = `/pdus/${second.pdu.id}/topics/generate`
  const same = { base_template: null, suffix_template: 'all' }
  const preview = expectStatus(200, await running.api.post(path, same)).body
  expect(preview.valid).toBe(false)
  expect(preview.sockets.map(({ conflicts }: Body) => conflicts.map((each: Body) => each.socket_id))).toEqual([
    [twins[1]?.id],
    [twins[0]?.id],
  ])
  expect(problemOf(await running.api.post(path, { ...same, apply: true }))).toMatch(/^409 \/problems\/topic-taken/)
  const foreign = await running.api.post(path, { base_template: 'shared/base', apply: true })
  expect(problemOf(foreign)).toBe('409 /problems/topic-taken /suffix_template')
  expect(foreign.text).not.toContain(taken.id)
  expect(foreign.body.detail).toContain('another organization')
  expect((await running.api.get(`/pdus/${second.pdu.id}`)).body.version).toBe(1)
})

test('a viewer may not check or generate; another tenant finds no such PDU', async () => {
  const estate = await createEstate(running.api, BROKER)
  const other = await createEstate(running.api, freshBroker())
  const viewer = running.api.as(await keyOf(estate, 'viewer'))
  expect((await viewer.post('/topics/check', { topic: 'a' })).status).toBe(403)
  expect((await viewer.post(`/pdus/${estate.pdu.id}/topics/generate`, {})).status).toBe(403)
  const admin = running.api.as(await keyOf(estate))
  expect((await admin.post(`/pdus/${other.pdu.id}/topics/generate`, {})).status).toBe(404)
  expect((await admin.post(`/pdus/${other.pdu.id}/topics/generate`, { apply: true })).status).toBe(404)
  expect((await admin.post('/topics/check', { topic: 'a', pdu_id: other.pdu.id })).status).toBe(404)
})
