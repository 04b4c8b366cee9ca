import type { TestReply, TestRequest } from '@iomt/contracts/gateway-rpc'
import { partitionOf } from '@iomt/contracts/partitions'
import { ANY_GATEWAY_TEST_SUBJECT, partitionRpcSubject } from '@iomt/contracts/subjects'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { BROKER, create, createEstate } from '../testing/estate.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ bus, running } = started)
})
afterAll(() => started.stop())

const stops: Array<() => void> = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** Stands for a gateway: answers as the contract says; the requests it got. */
async function gatewayAt(subject: string, reply: () => TestReply): Promise<TestRequest[]> {
  const requests: TestRequest[] = []
  const subscription = bus.connection.subscribe(subject, {
    callback: (_error, message) => {
      requests.push(message.json())
      message.respond(JSON.stringify(reply()))
    },
  })
  stops.push(() => subscription.unsubscribe())
  // config-api asks over another connection: the server must have heard of the subscription by then.
  await bus.connection.flush()
  return requests
}

const ownerOf = (pdu: Body) => partitionRpcSubject(partitionOf(pdu.id), 'test')

const FAILURES = {
  connect: 'connect ECONNREFUSED 192.0.2.7:1883',
  subscribe: 'no SUBACK within 10 s',
  data: 'nothing came on a/b within 5 s',
}

const reply = (...states: Array<'ok' | 'failed' | 'skipped'>): TestReply => ({
  gateway: 'gateway-1',
  steps: (['connect', 'subscribe', 'data'] as const).map((step, index) => ({
    step,
    state: states[index] ?? 'ok',
    milliseconds: 3,
    detail: states[index] === 'failed' ? FAILURES[step] : 'fine',
  })),
  message: null,
})

async function socketOf(fields: object = {}) {
  const { pdu } = await createEstate(running.api)
  const socket = await create(running.api, `/pdus/${pdu.id}/sockets`, {
    socket_number: 1,
    mqtt_topic_suffix: 's1',
    ...fields,
  })
  return { pdu, socket, path: `/sockets/${socket.id}/mqtt-test` }
}

test('what is saved goes to the gateway that owns the socket, secrets only sealed; switched off or not', async () => {
  const secret = { username: 'u', password: 'very-secret' }
  const { pdu, socket, path } = await socketOf({ ...BROKER, mqtt_credentials: secret, is_enabled: false })
  const requests = await gatewayAt(ownerOf(pdu), () => reply())
  const answer = await running.api.post(path, { wait_seconds: 7 })
  expect(answer.body).toEqual({
    socket_id: socket.id,
    gateway: 'gateway-1',
    tested_at: expect.any(String),
    works: true,
    first_failed_step: null,
    what_to_do: null,
    steps: (reply() as { steps: object[] }).steps,
    message: null,
  })
  expect(requests[0]).toMatchObject({
    patience: 7_000,
    state: { socket_id: socket.id, enabled: false, topic: socket.topic, broker: { host: BROKER.mqtt_broker_host } },
  })
  expect(JSON.stringify(requests)).not.toContain('very-secret')
  const withoutBody = await fetch(`${running.api.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.api.key}` },
  })
  expect(withoutBody.status).toBe(200)
  expect(requests[1]?.patience).toBe(5_000)
})

test('the first failed step says what to do', async () => {
  const { pdu, path } = await socketOf()
  let answered = reply('failed', 'skipped', 'skipped')
  await gatewayAt(ownerOf(pdu), () => answered)
  const unreachable = (await running.api.post(path, {})).body
  expect(unreachable).toMatchObject({ works: false, first_failed_step: 'connect' })
  expect(unreachable.what_to_do).toMatch(/firewall/)
  answered = reply('ok', 'failed', 'skipped')
  expect((await running.api.post(path, {})).body.what_to_do).toMatch(/Allow the socket's user/)
  answered = reply('ok', 'ok', 'failed')
  expect((await running.api.post(path, {})).body.what_to_do).toMatch(/mosquitto_sub -h broker.example -p 1883 -t/)
})

test('a block can be tried before it is saved: checked as one that is saved, and nothing is changed', async () => {
  const { pdu, socket, path } = await socketOf({
    mqtt_broker_host: 'first.example',
    mqtt_credentials: { username: 'u', password: 'p' },
  })
  const requests = await gatewayAt(ownerOf(pdu), () => reply())
  const contents = async () => {
    const { rows } = await running.migrated.pool.query(
      `select (select count(*) from audit_log where action <> 'tested') as audited, version, updated_at from sockets where id = $1`,
      [socket.id],
    )
    return rows
  }
  const before = await contents()
  const block = { mqtt_broker_host: 'second.example', mqtt_credentials: { username: 'v', password: 'q' } }
  expect((await running.api.post(path, { configuration: block })).status).toBe(200)
  expect(requests[0]?.state.broker).toMatchObject({ host: 'second.example', username: 'v', inherited_from: null })
  const inherited = { configuration: { mqtt_broker_host: null } }
  expect((await running.api.post(path, inherited)).status).toBe(200)
  expect(requests[1]?.state.broker).toMatchObject({ host: BROKER.mqtt_broker_host, inherited_from: 'pdu' })
  // A stored secret goes to no other host, not even for a test.
  const elsewhere = { configuration: { mqtt_broker_host: 'second.example', mqtt_credentials: { username: 'u' } } }
  expect(problemOf(await running.api.post(path, elsewhere))).toBe(
    '409 /problems/credentials-required /configuration/mqtt_credentials/password',
  )
  const metadata = { configuration: { mqtt_broker_host: '169.254.169.254' } }
  expect(problemOf(await running.api.post(path, metadata))).toBe(
    '400 /problems/invalid-request /configuration/mqtt_broker_host',
  )
  expect(requests).toHaveLength(2)
  expect(await contents()).toEqual(before)
  const { rows } = await running.migrated.pool.query(
    `select after from audit_log where action = 'tested' and entity_id = $1 order by id`,
    [socket.id],
  )
  expect(rows.map(({ after }) => [after.mqtt_broker_host, after.username])).toEqual([
    ['second.example', 'v'],
    [BROKER.mqtt_broker_host, null],
  ])
  expect((await running.api.get(`/sockets/${socket.id}`)).body).toMatchObject({ mqtt_broker_host: 'first.example' })
})

test('any gateway tests while none owns the socket; without one, or with busy ones, the client is told', async () => {
  const { path } = await socketOf()
  expect(problemOf(await running.api.post(path, {}))).toBe('503 /problems/gateway-unavailable')
  let answered: TestReply = reply()
  const requests = await gatewayAt(ANY_GATEWAY_TEST_SUBJECT, () => answered)
  expect((await running.api.post(path, {})).body.works).toBe(true)
  answered = { error: { code: 'too-many-tests', detail: 'gateway-1 tests 8 sockets already' } }
  expect(problemOf(await running.api.post(path, {}))).toBe('429 /problems/too-many-tests')
  answered = { error: { code: 'not-connected', detail: 'the key is not there' } }
  expect(problemOf(await running.api.post(path, {}))).toBe('409 /problems/credentials-unreadable')
  expect(requests).toHaveLength(3)
})

test('what has no topic or no broker is said before anybody is asked', async () => {
  const { pdu, socket, path } = await socketOf({ mqtt_topic_suffix: null })
  const requests = await gatewayAt(ownerOf(pdu), () => reply())
  const withoutTopic = await running.api.post(path, {})
  expect(problemOf(withoutTopic)).toBe('409 /problems/not-configured')
  expect(withoutTopic.body.detail).toMatch(/mqtt_topic_suffix/)
  await running.api.patch(`/sockets/${socket.id}`, { mqtt_topic_suffix: 's1' })
  await running.api.patch(`/pdus/${pdu.id}`, { mqtt_broker_host: null })
  expect((await running.api.post(path, {})).body.detail).toMatch(/no mqtt_broker_host/)
  expect(requests).toHaveLength(0)
})

test('bad input and unknown sockets are refused before anything is asked', async () => {
  const { pdu, path } = await socketOf()
  const requests = await gatewayAt(ownerOf(pdu), () => reply())
  expect(problemOf(await running.api.post(path, { wait_seconds: 31 }))).toMatch(/^400 .*\/wait_seconds/)
  expect(problemOf(await running.api.post(path, { configuration: { port: 1 } }))).toMatch(/^400 /)
  const unknown = '/sockets/0190a000-0000-7000-8000-00000000ffff/mqtt-test'
  expect(problemOf(await running.api.post(unknown, {}))).toBe('404 /problems/not-found')
  expect(requests).toHaveLength(0)
})
