import { partitionOf } from '@iomt/contracts/partitions'
import { NO_TRAFFIC, type SocketStatus } from '@iomt/contracts/socket-status'
import { ALL_GATEWAYS_STATUS_SUBJECT, partitionRpcSubject } from '@iomt/contracts/subjects'
import { waitFor } from '@iomt/testing/wait-for'
import type { Msg } from '@nats-io/nats-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { create, createEstate } from '../testing/estate.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ bus, running } = started)
})
afterAll(() => started.stop())

/** Stands for a gateway: answers as the contract says. */
async function answer(subject: string, reply: (request: Body) => unknown): Promise<() => void> {
  const subscription = bus.connection.subscribe(subject, {
    callback: (_, message: Msg) => {
      const value = reply(message.json())
      if (value !== undefined) message.respond(typeof value === 'string' ? value : JSON.stringify(value))
    },
  })
  // config-api asks over another connection: the server must have heard of the subscription by then.
  await bus.connection.flush()
  return () => subscription.unsubscribe()
}

function online(socket: Body): SocketStatus {
  return {
    socket_id: socket.id,
    status: 'online',
    reason: null,
    since: '2026-11-23T09:00:00.000Z',
    gateway: 'gateway-1',
    topic: socket.topic,
    socket_version: 1,
    pdu_version: 1,
    connection: {
      state: 'connected',
      broker: 'b:1883',
      client_id: 'c',
      since: null,
      session_resumed: true,
      attempts: 0,
      last_error: null,
    },
    subscription: { state: 'subscribed', requested_qos: 1, granted_qos: 1, reason: null },
    traffic: { ...NO_TRAFFIC, messages: 3, bytes: 300, last_qos: 1 },
    advice: [],
  }
}

async function sockets(count: number): Promise<{ pdu: Body; sockets: Body[] }> {
  const { pdu } = await createEstate(running.api)
  const created: Body[] = []
  for (let number = 1; number <= count; number += 1) {
    created.push(
      await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: number, mqtt_topic_suffix: `s${number}` }),
    )
  }
  return { pdu, sockets: created }
}

test('one status comes from the gateway that owns the partition; without one it is unassigned', async () => {
  const {
    pdu,
    sockets: [socket],
  } = await sockets(1)
  const path = `/sockets/${socket.id}/mqtt-status`
  await waitFor(async () => (await running.api.get(path)).body.reason === 'no gateway answered', {
    what: 'NATS to be up',
  })
  const stop = await answer(partitionRpcSubject(partitionOf(pdu.id), 'status'), ({ socket_id: id }) =>
    id === socket.id ? { status: online(socket) } : { error: { code: 'unknown-socket', detail: 'not here' } },
  )
  expect((await running.api.get(path)).body).toEqual(online(socket))
  stop()
  const newer = await answer(partitionRpcSubject(partitionOf(pdu.id), 'status'), () => ({
    status: { ...online(socket), mood: 'good', traffic: { ...online(socket).traffic, colour: 'red' } },
  }))
  expect((await running.api.get(path)).body).toEqual(online(socket))
  newer()
  const nonsense = await answer(partitionRpcSubject(partitionOf(pdu.id), 'status'), () => 'no JSON')
  expect((await running.api.get(path)).body).toMatchObject({ status: 'unassigned', reason: 'no gateway answered' })
  nonsense()
})

test('many statuses are one request to all gateways, which waits no longer than it must', async () => {
  const {
    pdu,
    sockets: [first, second, third],
  } = await sockets(3)
  const one = await answer(ALL_GATEWAYS_STATUS_SUBJECT, () => ({ gateway: 'gateway-1', statuses: [online(first)] }))
  const two = await answer(ALL_GATEWAYS_STATUS_SUBJECT, () => ({ gateway: 'gateway-2', statuses: [online(third)] }))
  const garbage = await answer(ALL_GATEWAYS_STATUS_SUBJECT, () => ({ gateway: 7 }))
  const list = `/mqtt/statuses?pdu_id=${pdu.id}`
  const partly = await running.api.get(list)
  expect(partly.body.items.map(({ status }: SocketStatus) => status)).toEqual(['online', 'unassigned', 'online'])
  const last = await answer(ALL_GATEWAYS_STATUS_SUBJECT, () => ({ gateway: 'gateway-3', statuses: [online(second)] }))
  const took: number[] = []
  for (let time = 0; time < 5; time += 1) {
    const started = performance.now()
    expect((await running.api.get(`${list}&status=online`)).body.items).toHaveLength(3)
    took.push(performance.now() - started)
  }
  // Waiting for gateways that have nothing to say would take 500 ms each time.
  expect(Math.min(...took)).toBeLessThan(400)
  for (const stop of [one, two, garbage, last]) stop()
})

test('a PDU: how many of its sockets are in which status, and what they send together', async () => {
  const {
    pdu,
    sockets: [first, second, third],
  } = await sockets(4)
  const traffic = { messages: 10, bytes: 2_000, dead_letters: 1, redelivered: 2, last_qos: 1 }
  const busy = {
    ...traffic,
    ...{ messages_per_minute: 6, bytes_per_minute: 1_200, stored_after_ms: 4 },
    last_message_at: '2026-11-23T09:00:00.000Z',
  }
  const slow = {
    ...traffic,
    ...{ messages_per_minute: 0.2, bytes_per_minute: 40, stored_after_ms: 35 },
    last_message_at: '2026-11-23T08:59:00.000Z',
  }
  const stop = await answer(ALL_GATEWAYS_STATUS_SUBJECT, () => ({
    gateway: 'gateway-1',
    statuses: [
      { ...online(first), traffic: busy },
      { ...online(second), status: 'idle', traffic: slow },
      { ...online(third), traffic: NO_TRAFFIC },
    ],
  }))
  const { body } = await running.api.get(`/pdus/${pdu.id}/mqtt-status`)
  stop()
  const none = { idle: 0, degraded: 0, offline: 0, error: 0, disabled: 0, unconfigured: 0 }
  expect(body).toEqual({
    pdu_id: pdu.id,
    sockets: 4,
    statuses: { ...none, online: 2, idle: 1, unassigned: 1 },
    traffic: {
      ...{ messages: 20, bytes: 4_000, dead_letters: 2, redelivered: 4 },
      ...{ messages_per_minute: 6.2, bytes_per_minute: 1_240, last_message_at: '2026-11-23T09:00:00.000Z' },
      // Of each message alike: (6 × 4 + 0.2 × 35) / 6.2.
      stored_after_ms: 5,
    },
  })
  const empty = await createEstate(running.api)
  expect((await running.api.get(`/pdus/${empty.pdu.id}/mqtt-status`)).body).toMatchObject({
    sockets: 0,
    traffic: { messages_per_minute: 0, stored_after_ms: null, last_message_at: null },
  })
  expect(problemOf(await running.api.get(`/pdus/${first.id}/mqtt-status`))).toBe('404 /problems/not-found')
})

test('a publish goes through the owner; what keeps it from the broker is said', async () => {
  const {
    pdu,
    sockets: [socket],
  } = await sockets(1)
  const path = `/sockets/${socket.id}/mqtt-publish`
  expect(problemOf(await running.api.post(path, { payload: 'x' }))).toBe('503 /problems/gateway-unavailable')
  const seen: Body[] = []
  let reply: (request: Body) => unknown = ({ qos = 1, retain = false }) => ({ topic: socket.topic, qos, retain })
  const stop = await answer(partitionRpcSubject(partitionOf(pdu.id), 'publish'), (request) => {
    seen.push(request)
    return reply(request)
  })
  const payloads = [
    { payload: 'on' },
    { payload: { relay: 'on' } },
    { payload: null },
    { payload_base64: 'AAH/', qos: 2, retain: true },
  ]
  for (const body of payloads) expect((await running.api.post(path, body)).status).toBe(200)
  expect(seen.map((request) => Buffer.from(request.payload_base64, 'base64').toString('latin1'))).toEqual([
    'on',
    '{"relay":"on"}',
    'null',
    '\x00\x01\xff',
  ])
  expect(seen[3]).toMatchObject({ socket_id: socket.id, qos: 2, retain: true })
  reply = () => ({ error: { code: 'not-connected', detail: 'broker refused: not authorized' } })
  const refused = await running.api.post(path, { payload: 1 })
  expect(problemOf(refused)).toBe('503 /problems/socket-not-connected')
  expect(refused.body.detail).toContain('not authorized')
  for (const body of [{}, { payload: 1, payload_base64: 'AA==' }, { payload_base64: '***' }, { payload: 1, qos: 3 }]) {
    expect((await running.api.post(path, body)).status).toBe(400)
  }
  stop()
  // Noted before it is sent, so also what nobody took.
  const { rows } = await running.migrated.pool.query(
    `select actor, action, after from audit_log where entity = 'socket' and action = 'published' and entity_id = $1 order by id`,
    [socket.id],
  )
  const noted = rows.map(({ after }) => Buffer.from(after.payload_base64, 'base64').toString('latin1'))
  expect(noted).toEqual(['x', 'on', '{"relay":"on"}', 'null', '\x00\x01\xff', '1'])
  expect(rows[4]).toMatchObject({ actor: expect.any(String), after: { qos: 2, retain: true, payload_bytes: 3 } })
})

test('a publish that nobody confirms may have been sent: no answer asks a client to send it again', async () => {
  const {
    pdu,
    sockets: [socket],
  } = await sockets(1)
  const path = `/sockets/${socket.id}/mqtt-publish`
  // Nobody has it: to be sent again without a thought.
  const nobody = await running.api.post(path, { payload: 'on' })
  expect(problemOf(nobody)).toBe('503 /problems/gateway-unavailable')
  expect(nobody.headers.get('retry-after')).toBe('1')
  let reply: unknown = { error: { code: 'publish-unconfirmed', detail: 'no acknowledgement within 5 s' } }
  const seen: Body[] = []
  const stop = await answer(partitionRpcSubject(partitionOf(pdu.id), 'publish'), (request) => {
    seen.push(request)
    return reply
  })
  const publish = async (answered: unknown) => {
    reply = answered
    const { status, headers, body } = await running.api.post(path, { payload: 'on' })
    return { status, type: body.type, retryAfter: headers.get('retry-after'), detail: body.detail }
  }
  const unconfirmed = (reason: string) => ({
    status: 504,
    type: '/problems/publish-unconfirmed',
    retryAfter: null,
    detail: `Not confirmed (${reason}): it may have been sent; read the socket's state before you send it again.`,
  })
  expect(await publish(reply)).toEqual(unconfirmed('no acknowledgement within 5 s'))
  const noAnswer = unconfirmed('the gateway gave no answer')
  // A gateway of another version, one that fails, and one that is too slow.
  expect(await publish({ done: true })).toEqual(noAnswer)
  expect(await publish('no JSON')).toEqual(noAnswer)
  expect(await publish(undefined)).toEqual(noAnswer)
  expect(seen).toHaveLength(4)
  stop()
})
