import { get } from 'node:http'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { TELEMETRY_STREAM } from '@iomt/contracts/streams'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { startTcpProxy } from '@iomt/testing/tcp-proxy'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { generateApiKey, hashApiKey, prefixOf } from '../access/api-key.ts'
import type { Config } from '../config.ts'
import { problemOf } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type EventStream, openEventStream } from '../testing/event-stream.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { type PublishingSocket, publishReading } from '../testing/telemetry-publisher.ts'

let nats: NatsServer
let bus: Bus
let running: RunningConfigApi
const open: EventStream[] = []
beforeAll(async () => {
  nats = await startNats()
  bus = await connectBus({ url: nats.url, name: 'gateway', logger: pino({ level: 'silent' }) })
  await ensureStreams(bus, [TELEMETRY_STREAM])
  running = await startConfigApi({ natsUrl: nats.url, overrides: { streamHeartbeat: 100 } })
  await waitFor(async () => (await running.api.get('/gateways')).status === 200, { what: 'NATS to be up' })
})
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.close()
})
afterAll(async () => {
  await running.stop()
  await bus.close()
  await nats.stop()
})

async function stream(query = '', key = running.api.key, headers: Record<string, string> = {}): Promise<EventStream> {
  const opened = await openEventStream(`${running.api.url}/telemetry/stream${query}`, key, headers)
  open.push(opened)
  // Only then is its place in the stream fixed.
  await waitFor(() => opened.lastId() !== undefined, { what: 'the position of the stream' })
  return opened
}

/** A socket with a device on it, in an estate of its own or in the given one. */
async function ward(): Promise<{ sockets: PublishingSocket[]; organization: { id: string; code: string } }> {
  const { api } = running
  const { organization, department, pdu } = await createEstate(api)
  const sockets: PublishingSocket[] = []
  for (const number of [1, 2]) {
    const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: number })
    const device = await create(api, '/devices', { organization_id: organization.id, name: `Pump ${number}` })
    const codes = { organizationCode: organization.code, departmentCode: department.code, pduCode: pdu.code }
    sockets.push({ ...codes, socket, deviceId: device.id })
  }
  return { sockets, organization }
}

/** Another config-api on the same database, with nothing in memory. */
function anotherApi(natsUrl: string, config: Partial<Config> = {}): Promise<RunningConfigApi> {
  const { ADMIN_KEY_FILE } = running.config
  return startConfigApi({ natsUrl, migrated: running.migrated, config: { ADMIN_KEY_FILE, ...config } })
}

async function keyOf(organizationId: string | null): Promise<{ key: string; id: string }> {
  const key = generateApiKey()
  const id = newId()
  await running.migrated.database
    .insertInto('api_keys')
    .values({
      id,
      name: 'viewer',
      key_hash: hashApiKey(key),
      prefix: prefixOf(key),
      role: 'viewer',
      organization_id: organizationId,
    })
    .execute()
  return { key, id }
}

const until = (streams: EventStream, count: number) =>
  waitFor(() => streams.sequences().length >= count, { what: `${count} readings (has ${streams.sequences().length})` })

test('each client gets the readings that its filters let through, and a bound key only its own', async () => {
  const here = await ward()
  const there = await ward()
  const [first, second] = here.sockets as [PublishingSocket, PublishingSocket]
  const stranger = there.sockets[0] as PublishingSocket
  const bound = await keyOf(here.organization.id)
  const { socket } = first
  const everything = await stream()
  const ours = await stream('', bound.key)
  const filtered = {
    device: await stream(`?device_id=${first.deviceId}`),
    socket: await stream(`?socket_id=${second.socket.id}`),
    pdu: await stream(`?pdu_id=${socket.pdu_id}`, bound.key),
    department: await stream(`?department_id=${socket.department_id}`),
    organization: await stream(`?organization_id=${there.organization.id}`),
    narrowed: await stream(`?pdu_id=${socket.pdu_id}&device_id=${second.deviceId}`),
    impossible: await stream(`?pdu_id=${socket.pdu_id}&device_id=${stranger.deviceId}`),
    voltage: await stream(`?socket_id=${socket.id}&measurements=voltage`),
    temperature: await stream(`?socket_id=${socket.id}&measurements=temperature,frequency`),
  }
  const a = await publishReading(bus, first)
  const b = await publishReading(bus, second)
  const c = await publishReading(bus, stranger)
  const d = await publishReading(bus, { ...first, deviceId: null })
  const expected: readonly [EventStream, number[]][] = [
    [everything, [a, b, c, d]],
    [ours, [a, b, d]],
    [filtered.device, [a]],
    [filtered.socket, [b]],
    [filtered.pdu, [a, b, d]],
    [filtered.department, [a, b, d]],
    [filtered.organization, [c]],
    [filtered.narrowed, [b]],
    [filtered.impossible, []],
    [filtered.voltage, [a, d]],
    [filtered.temperature, []],
  ]
  // Each has a connection of its own: what one has got says nothing about another.
  for (const [client, sequences] of expected) await until(client, sequences.length)
  expect(expected.map(([client]) => client.sequences())).toEqual(expected.map(([, sequences]) => sequences))

  const [reading] = everything.events.filter(({ event }) => event === 'telemetry')
  expect(JSON.parse(reading?.data ?? '')).toMatchObject({ v: 1, socket_id: socket.id, device_id: first.deviceId })
  const [part] = filtered.voltage.events.filter(({ event }) => event === 'telemetry')
  expect(JSON.parse(part?.data ?? '').measurements).toEqual({ voltage: 230.1 })
  await waitFor(() => everything.comments.length >= 2, { what: 'heartbeats' })
  expect(everything.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-request-id': expect.any(String),
  })
})

test('fields that a newer gateway added go to nobody', async () => {
  const [from] = (await ward()).sockets as [PublishingSocket]
  const streams = [await stream(), await stream('?measurements=voltage')]
  const newer = { mood: 'good', measurements: { voltage: 230, volume: 7 }, phases: { l1: { voltage: 230, volume: 7 } } }
  const sequence = await publishReading(bus, from, newer)
  for (const opened of streams) {
    await until(opened, 1)
    const [reading] = opened.events.flatMap(({ data }) => (data === undefined ? [] : [JSON.parse(data)]))
    expect(reading).toMatchObject({ measurements: { voltage: 230 }, raw: { power: 41.5 } })
    expect(Object.keys(reading)).not.toContain('mood')
    expect([reading.measurements, reading.phases.l1]).toEqual([{ voltage: 230 }, { voltage: 230 }])
    expect(opened.sequences()).toEqual([sequence])
  }
})

test('what cannot be streamed is a problem, not a silent stream', async () => {
  const here = await ward()
  const there = await ward()
  const bound = running.api.as((await keyOf(here.organization.id)).key)
  const path = '/telemetry/stream'
  const foreign = there.sockets[0] as PublishingSocket
  for (const query of [
    `organization_id=${there.organization.id}`,
    `department_id=${foreign.socket.department_id}`,
    `pdu_id=${foreign.socket.pdu_id}`,
    `socket_id=${foreign.socket.id}`,
    `device_id=${foreign.deviceId}`,
  ]) {
    const field = query.slice(0, query.indexOf('='))
    expect(problemOf(await bound.get(`${path}?${query}`))).toBe(`404 /problems/not-found /${field}`)
  }
  const { api } = running
  expect(problemOf(await api.get(`${path}?device_id=${newId()}`))).toBe('404 /problems/not-found /device_id')
  expect(problemOf(await api.get(`${path}?measurements=volts`))).toBe('400 /problems/invalid-request /measurements')
  expect(problemOf(await api.get(`${path}?last_event_id=-1`))).toBe('400 /problems/invalid-request /last_event_id')
  expect(problemOf(await api.get(path, { 'last-event-id': 'x' }))).toBe('400 /problems/invalid-request /Last-Event-ID')
  expect(problemOf(await api.as('none').get(path))).toBe('401 /problems/unauthenticated')
  const head = await api.send('HEAD', path)
  expect(head.status).toBe(405)
  const leaked = generateApiKey()
  expect(problemOf(await api.as('').get(`${path}?access_token=${leaked}`))).toBe('401 /problems/unauthenticated')
  expect(running.log()).not.toContain(leaked)
})

test('a key has so many streams, a server so many, and what ends makes room', async () => {
  const other = await anotherApi(nats.url, { STREAM_CLIENTS: 3, STREAM_CLIENTS_PER_KEY: 2 })
  try {
    const url = `${other.api.url}/telemetry/stream`
    const { key } = await keyOf(null)
    const { key: secondKey } = await keyOf(null)
    await waitFor(async () => (await other.api.as(key).get('/gateways')).status === 200, { what: 'NATS to be up' })
    const first = await openEventStream(url, key)
    const second = await openEventStream(url, key)
    expect(problemOf(await other.api.as(key).get('/telemetry/stream'))).toBe('429 /problems/too-many-streams')
    const third = await openEventStream(url, secondKey)
    const full = await other.api.as(secondKey).get('/telemetry/stream')
    expect(problemOf(full)).toBe('503 /problems/streams-exhausted')
    expect(full.headers.get('retry-after')).toBe('1')
    await first.close()
    const again = await waitFor(() => openEventStream(url, key), { what: 'a seat to be free' })
    for (const { close } of [second, third, again]) await close()
  } finally {
    await other.stop()
  }
})

test('a key that is revoked loses its streams, with a last event that says why', async () => {
  const { key, id } = await keyOf(null)
  const revoked = await stream('', key)
  const kept = await stream()
  await running.migrated.database.updateTable('api_keys').set({ revoked_at: new Date() }).where('id', '=', id).execute()
  await revoked.ended
  expect(JSON.parse(revoked.events.at(-1)?.data ?? '')).toMatchObject({ reason: 'key-no-longer-valid' })
  expect(kept.response.destroyed).toBe(false)
})

test('after a purge a resumed client is told from where to where readings are gone, and gets the rest', async () => {
  const [from] = (await ward()).sockets as [PublishingSocket]
  const client = await stream()
  const last = await publishReading(bus, from)
  await until(client, 1)
  await client.close()
  let purged = 0
  for (let count = 0; count < 5; count += 1) purged = await publishReading(bus, from)
  await bus.manager.streams.purge(TELEMETRY_STREAM.name)
  const next = await publishReading(bus, from)
  // The process has the last readings in memory; another one has nothing but the stream.
  const other = await anotherApi(nats.url)
  try {
    const url = `${other.api.url}/telemetry/stream?last_event_id=${last}`
    const resumed = await waitFor(() => openEventStream(url, running.api.key), { what: 'the other one to have NATS' })
    await until(resumed, 1)
    const gap = {
      id: String(purged),
      event: 'gap',
      data: JSON.stringify({ from: last + 1, to: purged, reason: 'expired' }),
    }
    expect(resumed.events.filter(({ event }) => event === 'gap')).toEqual([gap])
    expect(resumed.sequences()).toEqual([next])
    await resumed.close()

    const beyond = await openEventStream(
      `${other.api.url}/telemetry/stream?last_event_id=${next + 1_000}`,
      running.api.key,
    )
    await until(beyond, 1)
    expect(beyond.events.find(({ event }) => event === 'gap')?.data).toBe(
      JSON.stringify({ from: next + 1_001, to: null, reason: 'restarted' }),
    )
    expect(beyond.sequences()).toEqual([next])
    await beyond.close()
  } finally {
    await other.stop()
  }
})

test('what was published under codes from before a rename is not missed on resume', async () => {
  const { sockets, organization } = await ward()
  const [from] = sockets as [PublishingSocket]
  const position = await publishReading(bus, from)
  const before = await publishReading(bus, from)
  const renamed = `${organization.code}-new`
  await running.api.patch(`/organizations/${organization.id}`, { code: renamed })
  const after = await publishReading(bus, { ...from, organizationCode: renamed })
  const other = await anotherApi(nats.url)
  try {
    for (const filter of [`organization_id=${organization.id}`, `socket_id=${from.socket.id}`]) {
      const url = `${other.api.url}/telemetry/stream?${filter}&last_event_id=${position}`
      const resumed = await waitFor(() => openEventStream(url, running.api.key), { what: 'the other one to have NATS' })
      await until(resumed, 2)
      expect(resumed.sequences()).toEqual([before, after])
      await resumed.close()
    }
  } finally {
    await other.stop()
  }
})

test('without NATS it answers 503, and a stream that is open goes on where it was when NATS is back', async () => {
  const own = await startNats()
  const ownBus = await connectBus({ url: own.url, name: 'gateway', logger: pino({ level: 'silent' }) })
  await ensureStreams(ownBus, [TELEMETRY_STREAM])
  const way = await startTcpProxy({ targetHost: own.host, targetPort: own.port })
  const other = await anotherApi(`nats://127.0.0.1:${way.port}`)
  try {
    const [from] = (await ward()).sockets as [PublishingSocket]
    const url = `${other.api.url}/telemetry/stream`
    const client = await waitFor(() => openEventStream(url, running.api.key), { what: 'NATS to be up' })
    const expected = [await publishReading(ownBus, from)]
    await until(client, 1)
    way.cut()
    const refused = await waitFor(
      async () => {
        const answer = await other.api.as(running.api.key).get('/telemetry/stream')
        return answer.status === 503 && answer
      },
      { what: 'NATS to be missed' },
    )
    expect(problemOf(refused)).toBe('503 /problems/nats-unavailable')
    // The server forgets its consumers, and gateways publish before we are back.
    await own.kill9()
    await own.restart()
    for (let count = 0; count < 20; count += 1) {
      expected.push(await waitFor(() => publishReading(ownBus, from), { what: 'NATS to take readings' }))
    }
    way.heal()
    await until(client, expected.length)
    expect(client.sequences()).toEqual(expected)
    await client.close()
  } finally {
    await other.stop()
    await ownBus.close()
    await way.close()
    await own.stop()
  }
})

test('a client that comes while another one gives up is not left without the feed', async () => {
  const [from] = (await ward()).sockets as [PublishingSocket]
  const { ADMIN_KEY_FILE } = running.config
  const other = await startConfigApi({
    ...{ natsUrl: nats.url, migrated: running.migrated, config: { ADMIN_KEY_FILE } },
    overrides: { streamHeartbeat: 100, streamLinger: 100 },
  })
  try {
    await waitFor(async () => (await other.api.get('/gateways')).status === 200, { what: 'NATS to be up' })
    const url = `${other.api.url}/telemetry/stream`
    const feedsBefore = (await bus.manager.streams.info(TELEMETRY_STREAM.name)).state.consumer_count
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const leaving = get(url, { agent: false, headers: { authorization: `Bearer ${running.api.key}` } })
      leaving.on('error', () => undefined)
      leaving.on('socket', (socket) => socket.on('connect', () => setTimeout(() => leaving.destroy(), attempt)))
      const staying = await openEventStream(url, running.api.key)
      // Three heartbeats are longer than the feed goes on without clients.
      await waitFor(() => staying.comments.length >= 3, { what: 'three heartbeats' })
      const sequence = await publishReading(bus, from)
      await until(staying, 1)
      expect(staying.sequences()).toEqual([sequence])
      await staying.close()
      const feeds = async () => (await bus.manager.streams.info(TELEMETRY_STREAM.name)).state.consumer_count
      await waitFor(async () => (await feeds()) <= feedsBefore, { what: 'the feed to end' })
    }
  } finally {
    await other.stop()
  }
})
