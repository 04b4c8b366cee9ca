import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { BROKER, create, createEstate, expectStatus } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

const SPECIFICATION_EXAMPLE = {
  mqtt_broker_host: 'broker.hivemq.com',
  mqtt_broker_port: 1883,
  mqtt_credentials: { username: 'iomt_user', password: 'secure_password' },
  mqtt_config: { qos: 1, retain: false, keepalive: 60, clean_session: true },
}

test('a socket as the specification has it: topic, broker, secrets write-only', async () => {
  const { api } = running
  const { pdu } = await createEstate(api, { mqtt_base_topic: 'hopt/tang3/pkt' })
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, {
    socket_number: 1,
    mqtt_topic_suffix: 'socket1',
    ...SPECIFICATION_EXAMPLE,
  })
  expect(socket).toMatchObject({
    topic: 'hopt/tang3/pkt/socket1',
    mqtt_broker_host: 'broker.hivemq.com',
    mqtt_credentials: { username: 'iomt_user', password_set: true },
    mqtt_config: SPECIFICATION_EXAMPLE.mqtt_config,
    inherited_from: null,
    is_enabled: true,
  })
  const config = await api.get(`/sockets/${socket.id}/mqtt-config`)
  expect(config.headers.get('etag')).toBe('"1"')
  expect(config.body).toEqual({
    topic: 'hopt/tang3/pkt/socket1',
    mqtt_broker_host: 'broker.hivemq.com',
    mqtt_broker_port: 1883,
    mqtt_credentials: { username: 'iomt_user', password_set: true },
    mqtt_config: SPECIFICATION_EXAMPLE.mqtt_config,
    inherited_from: null,
  })
})

test('a socket without a host inherits the whole block of its PDU', async () => {
  const { api } = running
  const { pdu } = await createEstate(api, {
    ...BROKER,
    mqtt_credentials: { username: 'u', password: 'p' },
    mqtt_config: { qos: 2 },
  })
  const socket = await create(api, '/sockets', { pdu_id: pdu.id, socket_number: 1, mqtt_topic_suffix: 's1' })
  expect(socket).toMatchObject({ mqtt_broker_host: null, mqtt_broker_port: 1883, inherited_from: 'pdu' })
  const path = `/sockets/${socket.id}/mqtt-config`
  expect((await api.get(path)).body).toMatchObject({
    ...BROKER,
    mqtt_credentials: { username: 'u', password_set: true },
    mqtt_config: { qos: 2 },
    inherited_from: 'pdu',
  })
  const own = { mqtt_broker_host: '192.0.2.7', mqtt_broker_port: 1884 }
  expect((await api.put(path, own, { 'if-match': '"1"' })).body).toMatchObject({
    ...own,
    mqtt_credentials: { username: null, password_set: false },
    mqtt_config: {},
    inherited_from: null,
  })
  expect(problemOf(await api.put(path, own, { 'if-match': '"1"' }))).toBe('412 /problems/stale-version')
  expect((await api.put(path, { mqtt_broker_host: null })).body).toMatchObject({ ...BROKER, inherited_from: 'pdu' })
})

test('a broker at a link-local or metadata address is refused, and changes nothing', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 'forbidden-host' })
  for (const host of ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', '0.0.0.0']) {
    const block = { mqtt_broker_host: host }
    for (const path of [`/sockets/${socket.id}`, `/pdus/${pdu.id}`]) {
      const refused = await api.patch(path, block)
      expect(problemOf(refused), host).toBe('400 /problems/invalid-request /mqtt_broker_host')
      expect(refused.body.detail).toMatch(/where no broker is looked for/)
    }
    expect(problemOf(await api.put(`/sockets/${socket.id}/mqtt-config`, block))).toMatch(/^400/)
  }
  expect((await api.get(`/sockets/${socket.id}/mqtt-config`)).body).toMatchObject({ ...BROKER, inherited_from: 'pdu' })
})

test('a stored secret never goes to another host: it has to be sent again, or removed', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 'secret-host' })
  const path = `/sockets/${socket.id}`
  const block = { mqtt_broker_host: 'first.example', mqtt_credentials: { username: 'u', password: 'p' } }
  expectStatus(200, await api.patch(path, block))
  const refused = '409 /problems/credentials-required /mqtt_credentials/password'
  expect(problemOf(await api.patch(path, { mqtt_broker_host: 'second.example' }))).toBe(refused)
  expect(
    problemOf(
      await api.put(`${path}/mqtt-config`, {
        ...block,
        mqtt_broker_host: 'second.example',
        mqtt_credentials: { username: 'u' },
      }),
    ),
  ).toBe(refused)
  expectStatus(200, await api.patch(path, { mqtt_broker_host: 'FIRST.example', mqtt_broker_port: 8883 }))
  expectStatus(200, await api.patch(path, { mqtt_broker_host: null }))
  expect(problemOf(await api.patch(path, { mqtt_broker_host: 'second.example' }))).toBe(refused)
  const moved = await api.patch(path, { mqtt_broker_host: 'second.example', mqtt_credentials: { password: null } })
  expect(expectStatus(200, moved).body).toMatchObject({ mqtt_credentials: { username: 'u', password_set: false } })
})

test('a password stays until it is replaced or removed; so does a TLS key while tls is there', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const tls = { enabled: true, key: 'PEM key', server_name: 'broker' }
  const { id } = await create(api, `/pdus/${pdu.id}/sockets`, {
    socket_number: 1,
    mqtt_credentials: { username: 'u', password: 'p' },
    mqtt_config: { tls },
  })
  const path = `/sockets/${id}`
  const shown = {
    mqtt_credentials: { username: 'u', password_set: true },
    mqtt_config: { tls: { enabled: true, server_name: 'broker', key_set: true } },
  }
  expect((await api.get(path)).body).toMatchObject(shown)

  const renamed = await api.patch(path, {
    mqtt_credentials: { username: 'v' },
    mqtt_config: { qos: 0, tls: { enabled: true } },
  })
  expect(renamed.body).toMatchObject({
    mqtt_credentials: { username: 'v', password_set: true },
    mqtt_config: { qos: 0, tls: { enabled: true, key_set: true } },
  })
  const removed = await api.patch(path, { mqtt_credentials: { password: null } })
  expect(removed.body).toMatchObject({
    mqtt_credentials: { username: 'v', password_set: false },
    mqtt_config: { tls: { key_set: true } },
  })
  const withoutTls = await api.patch(path, { mqtt_config: { qos: 1 } })
  expect(withoutTls.body.mqtt_config).toEqual({ qos: 1 })
  const stored = await running.migrated.database
    .selectFrom('sockets')
    .select('mqtt_credentials')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  expect(stored.mqtt_credentials).toEqual({ username: 'v' })
})

test('topics that no broker would deliver are refused', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const sockets = `/pdus/${pdu.id}/sockets`
  for (const suffix of ['a/+', '#', '/a', 'a/', 'a//b', '$SYS', 'a\u0001']) {
    expect(problemOf(await api.post(sockets, { socket_number: 1, mqtt_topic_suffix: suffix }))).toBe(
      '400 /problems/invalid-request /mqtt_topic_suffix',
    )
  }
  const long = { socket_number: 1, mqtt_topic_suffix: 'é'.repeat(40_000) }
  expect(problemOf(await api.post(sockets, long))).toBe('400 /problems/invalid-request /mqtt_topic_suffix')
  expect(problemOf(await api.patch(`/pdus/${pdu.id}`, { mqtt_base_topic: 'a/#' }))).toBe(
    '400 /problems/invalid-request /mqtt_base_topic',
  )
  expect(problemOf(await api.patch(`/pdus/${pdu.id}`, { timezone: '+07:00' }))).toBe(
    '400 /problems/invalid-request /timezone',
  )
  expect(problemOf(await api.patch(`/pdus/${pdu.id}`, { mqtt_broker_host: 'mqtt://x' }))).toBe(
    '400 /problems/invalid-request /mqtt_broker_host',
  )
})

test('one topic on one broker belongs to one enabled socket, unless channels differ', async () => {
  const { api } = running
  const { pdu } = await createEstate(api, { mqtt_base_topic: 'conflict/a', mqtt_broker_host: 'Broker.Example' })
  const { pdu: second } = await createEstate(api, { mqtt_base_topic: 'conflict', mqtt_broker_host: 'broker.example' })
  const first = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 's' })
  // The same topic from other parts, the same host in other letters.
  const same = { socket_number: 1, mqtt_topic_suffix: 'a/s' }
  const refused = await api.post(`/pdus/${second.id}/sockets`, same)
  expect(problemOf(refused)).toBe('409 /problems/topic-taken /mqtt_topic_suffix')
  expect(refused.body.detail).toContain('another organization')
  const elsewhere = await create(api, `/pdus/${second.id}/sockets`, {
    ...same,
    mqtt_broker_host: 'broker.example',
    mqtt_broker_port: 1884,
  })
  expect(problemOf(await api.patch(`/sockets/${elsewhere.id}`, { mqtt_broker_port: 1883 }))).toMatch(/^409/)
  expectStatus(
    200,
    await api.patch(`/sockets/${elsewhere.id}`, { mqtt_broker_port: 1883, payload_config: { channel: 2 } }),
  )
  expect(problemOf(await api.patch(`/sockets/${elsewhere.id}`, { payload_config: null }))).toMatch(/^409/)
  expectStatus(200, await api.patch(`/sockets/${elsewhere.id}`, { is_enabled: false, payload_config: null }))
  expect(problemOf(await api.patch(`/sockets/${elsewhere.id}`, { is_enabled: true }))).toMatch(/^409/)
  // The PDU moves away, and cannot come back once somebody is there.
  expectStatus(200, await api.patch(`/pdus/${pdu.id}`, { mqtt_base_topic: 'away' }))
  expectStatus(200, await api.patch(`/sockets/${elsewhere.id}`, { is_enabled: true }))
  expect(problemOf(await api.patch(`/pdus/${pdu.id}`, { mqtt_base_topic: 'conflict/a' }))).toBe(
    '409 /problems/topic-taken /mqtt_topic_suffix',
  )
  expect((await api.get(`/sockets/${first.id}`)).body.topic).toBe('away/s')
})

test('two writes that would meet on one topic cannot both pass', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const { pdu: other } = await createEstate(api, { mqtt_base_topic: 'elsewhere' })
  await create(api, `/pdus/${other.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 'race-0' })
  for (let round = 1; round <= 10; round += 1) {
    const suffix = `race-${round}`
    const statuses = await Promise.all(
      [1, 2, 3].map((part) =>
        api.post(`/pdus/${pdu.id}/sockets`, { socket_number: round * 10 + part, mqtt_topic_suffix: suffix }),
      ),
    )
    expect(statuses.map(({ status }) => status).sort()).toEqual([201, 409, 409])
  }
  // A PDU that moves onto a topic while a socket takes it.
  const answers = await Promise.all([
    api.patch(`/pdus/${other.id}`, { mqtt_base_topic: pdu.mqtt_base_topic }),
    api.post(`/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 'race-0' }),
  ])
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(1)
})

test('socket numbers are unique on their PDU', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 4 })
  expect(problemOf(await api.post('/sockets', { pdu_id: pdu.id, socket_number: 4 }))).toBe(
    '409 /problems/socket-number-taken /socket_number',
  )
  expect((await api.get(`/pdus/${pdu.id}/sockets`)).body.items).toHaveLength(1)
})

test('status without a gateway: disabled, unconfigured, or unassigned with the reason', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  const { id } = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1 })
  const status = async () => (await api.get(`/sockets/${id}/mqtt-status`)).body
  expect(await status()).toMatchObject({ status: 'unconfigured', reason: 'not set: mqtt_topic_suffix of the socket' })
  await api.patch(`/sockets/${id}`, { mqtt_topic_suffix: 's1' })
  expect(await status()).toMatchObject({
    status: 'unassigned',
    reason: 'NATS cannot be reached',
    topic: `${pdu.mqtt_base_topic}/s1`,
  })
  await api.patch(`/sockets/${id}`, { is_enabled: false })
  expect(await status()).toMatchObject({ status: 'disabled' })
  const all = await api.get(`/mqtt/statuses?pdu_id=${pdu.id}`)
  expect(all.body).toMatchObject({ items: [{ socket_id: id, status: 'disabled' }], next_cursor: null })
  expect((await api.get(`/mqtt/statuses?pdu_id=${pdu.id}&status=online`)).body).toEqual({
    items: [],
    next_cursor: null,
  })
  expect(problemOf(await api.post(`/sockets/${id}/mqtt-publish`, { payload: 1 }))).toBe(
    '503 /problems/socket-not-connected',
  )
  expect(problemOf(await api.post(`/sockets/${id}/mqtt-publish`, {}))).toBe('400 /problems/invalid-request /payload')
})

test('pages of statuses by filter hold every socket once', async () => {
  const { api } = running
  const { pdu } = await createEstate(api)
  for (let number = 1; number <= 7; number += 1) {
    await create(api, `/pdus/${pdu.id}/sockets`, {
      socket_number: number,
      mqtt_topic_suffix: `s${number}`,
      is_enabled: number % 2 === 0,
    })
  }
  for (const [filter, expected] of [
    ['', 7],
    ['&status=disabled', 4],
    ['&status=unassigned', 3],
  ] as const) {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await api.get(`/mqtt/statuses?pdu_id=${pdu.id}&limit=2${filter}${cursor ? `&cursor=${cursor}` : ''}`)
      seen.push(...page.body.items.map((item: { socket_id: string }) => item.socket_id))
      cursor = page.body.next_cursor
    } while (cursor !== null)
    expect(new Set(seen).size).toBe(expected)
    expect(seen).toHaveLength(expected)
  }
})
