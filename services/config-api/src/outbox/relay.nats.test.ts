import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, connectBus } from '@iomt/bus/connect'
import { ensureStreams } from '@iomt/bus/ensure-streams'
import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET, socketConfigKey } from '@iomt/contracts/buckets'
import { compileSchema } from '@iomt/contracts/compile-schema'
import { ConfigEvent } from '@iomt/contracts/config-event'
import { partitionOf } from '@iomt/contracts/partitions'
import { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { CONFIG_STREAM } from '@iomt/contracts/streams'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { type NatsServer, startNats } from '@iomt/testing/nats'
import { waitFor } from '@iomt/testing/wait-for'
import type { KV } from '@nats-io/kv'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepDesiredStates } from '../desired-state/sweep.ts'
import { storedValue, writeDesiredState } from '../desired-state/write-desired-state.ts'
import type { Body } from '../testing/api-client.ts'
import { create, createEstate, type Estate } from '../testing/estate.ts'
import { type RunningConfigApi, type StartOptions, startConfigApi } from '../testing/start-config-api.ts'
import type { RelayStep } from './relay.ts'

const silent = pino({ level: 'silent' })
let nats: NatsServer
let migrated: MigratedDatabase
let bus: Bus
let bucket: KV
const running: RunningConfigApi[] = []

beforeEach(async () => {
  nats = await startNats()
  migrated = await createMigratedDatabase()
  bus = await connectBus({ url: nats.url, name: 'test', logger: silent })
  await ensureStreams(bus, [CONFIG_STREAM])
  // Keeps every event instead of the last of each subject, so that they can be counted.
  await bus.manager.streams.update(CONFIG_STREAM.name, { max_msgs_per_subject: -1 })
  bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
})
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop()
  await bus.close()
  await nats.stop()
  await migrated.drop()
})

async function start(options: StartOptions = {}): Promise<RunningConfigApi> {
  const service = await startConfigApi({ natsUrl: nats.url, migrated, ...options })
  running.push(service)
  return service
}

const keyOf = (socket: Body) => socketConfigKey(partitionOf(socket.pdu_id), socket.id)

async function stateOf(socket: Body): Promise<SocketDesiredState | null> {
  const entry = await bucket.get(keyOf(socket))
  return entry?.operation === 'PUT' ? entry.json<SocketDesiredState>() : null
}

const outboxIsEmpty = async () => (await migrated.database.selectFrom('outbox').select('id').execute()).length === 0
const relayed = () => waitFor(outboxIsEmpty, { what: 'an empty outbox' })

async function events(): Promise<ConfigEvent[]> {
  const { state } = await bus.manager.streams.info(CONFIG_STREAM.name)
  const found: ConfigEvent[] = []
  for (let sequence = state.first_seq; sequence <= state.last_seq; sequence += 1) {
    found.push((await bus.manager.streams.getMessage(CONFIG_STREAM.name, { seq: sequence }))?.json() as ConfigEvent)
  }
  return found
}

/** A sweep that finds nothing to repair proves the bucket equal to the database. */
async function expectEqual(sockets: number): Promise<void> {
  expect(await sweepDesiredStates(migrated.database, bucket)).toEqual({ sockets, repaired: 0, strays: 0, conflicts: 0 })
}

async function estateWithSockets(api: RunningConfigApi['api'], count: number): Promise<Estate & { sockets: Body[] }> {
  const estate = await createEstate(api)
  const sockets: Body[] = []
  for (let number = 1; number <= count; number += 1) {
    const fields = { socket_number: number, mqtt_topic_suffix: `s${number}` }
    sockets.push(await create(api, `/pdus/${estate.pdu.id}/sockets`, fields))
  }
  return { ...estate, sockets }
}

test('a change becomes an event and a desired state at once, and everything below a PDU follows it', async () => {
  const { api } = await start()
  const { organization, department, pdu, sockets } = await estateWithSockets(api, 2)
  const [first] = sockets as [Body]
  await relayed()
  const state = await stateOf(first)
  expect(compileSchema(SocketDesiredState).violations(state)).toEqual([])
  expect(state).toMatchObject({
    topic: first.topic,
    organization_code: organization.code,
    department_code: 'icu',
    pdu_code: 'pdu-1',
    broker: { host: 'broker.example', inherited_from: 'pdu', credentials_owner: `pdu:${pdu.id}` },
  })
  const found = await events()
  const checkEvent = compileSchema(ConfigEvent)
  for (const event of found) expect(checkEvent.violations(event)).toEqual([])
  expect(found.map(({ entity, action }) => `${entity}.${action}`)).toEqual([
    'organization.created',
    'department.created',
    'pdu.created',
    'socket.created',
    'socket.created',
  ])
  expect(found.at(-2)?.resource).toEqual(first)

  await api.patch(`/pdus/${pdu.id}`, { mqtt_base_topic: 'moved', mqtt_credentials: { username: 'u', password: 'p' } })
  await waitFor(async () => (await stateOf(first))?.topic === 'moved/s1', { what: 'the new base topic', timeout: 900 })
  expect(await stateOf(first)).toMatchObject({ pdu_version: 2, broker: { username: 'u', credentials: { kek: 'k1' } } })
  await api.patch(`/departments/${department.id}`, { code: 'icu-2' })
  await api.patch(`/organizations/${organization.id}`, { code: 'renamed' })
  await waitFor(async () => (await stateOf(first))?.organization_code === 'renamed', { what: 'the new code' })
  await api.patch(`/sockets/${first.id}`, { is_enabled: false })
  await waitFor(async () => (await stateOf(first))?.enabled === false, { what: 'the disabled socket' })
  await api.delete(`/sockets/${first.id}`)
  await waitFor(async () => (await stateOf(first)) === null, { what: 'the deleted socket' })
  await relayed()
  await expectEqual(1)
})

test.each(['picked', 'published', 'reconciled'] as const)(
  'a relay that dies after it has %s loses nothing and repeats nothing',
  async (point) => {
    let failures = 3
    const onRelayStep: RelayStep = (step) => {
      if (step !== point || failures === 0) return
      failures -= 1
      throw new Error('killed by the test')
    }
    const { api } = await start({ overrides: { onRelayStep } })
    const { sockets } = await estateWithSockets(api, 3)
    await api.patch(`/sockets/${sockets[0].id}`, { name: 'renamed' })
    await relayed()
    expect(failures).toBe(0)
    const ids = (await events()).map(({ id }) => id)
    expect(ids).toHaveLength(7)
    expect(new Set(ids).size).toBe(7)
    await expectEqual(3)
  },
)

test('two replicas relay side by side: every event once, the bucket equal', async () => {
  // Each replica dawdles after it picked rows, so that the other one works meanwhile.
  const onRelayStep: RelayStep = async (step) => {
    if (step === 'picked') await sleep(5)
  }
  const first = await start({ overrides: { onRelayStep } })
  const { CREDENTIAL_KEY_FILE, ADMIN_KEY_FILE } = first.config
  const sharedKeys = { CREDENTIAL_KEY_FILE, ADMIN_KEY_FILE }
  const second = await start({ overrides: { onRelayStep }, config: sharedKeys })
  const { sockets } = await estateWithSockets(first.api, 5)
  let changes = 0
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(
      sockets.map((socket, index) => {
        const replica = (round + index) % 2 === 0 ? first : second
        return replica.api.patch(`/sockets/${socket.id}`, { name: `${round}` })
      }),
    )
    changes += answers.filter(({ status }) => status === 200).length
  }
  await relayed()
  expect(changes).toBe(50)
  const ids = (await events()).map(({ id }) => id)
  expect(ids).toHaveLength(3 + 5 + 50)
  expect(new Set(ids).size).toBe(ids.length)
  await expectEqual(5)
})

test('a relay that read the database long ago cannot overwrite what is newer', async () => {
  const { api } = await start()
  const { sockets } = await estateWithSockets(api, 1)
  const socket = sockets[0]
  await relayed()
  // What a slow relay holds: the revision that it read first, and the state that it read after.
  const stored = storedValue(await bucket.get(keyOf(socket)))
  const stale = (await stateOf(socket)) as SocketDesiredState
  await api.patch(`/sockets/${socket.id}`, { name: 'newer' })
  await relayed()
  expect(await writeDesiredState(bucket, keyOf(socket), stored, { ...stale, name: 'stale' })).toBe('conflict')
  expect(await writeDesiredState(bucket, keyOf(socket), stored, undefined)).toBe('conflict')
  expect(await stateOf(socket)).toMatchObject({ name: 'newer', socket_version: 2 })
})

test('configuration is served while NATS is away, and what waited arrives once it is back', async () => {
  await nats.kill9()
  const { api, log } = await start()
  const { sockets } = await estateWithSockets(api, 2)
  expect((await api.get('/readyz')).status).toBe(200)
  expect((await api.get(`/sockets/${sockets[0].id}/mqtt-status`)).body).toMatchObject({
    status: 'unassigned',
    reason: 'NATS cannot be reached',
  })
  expect((await api.get('/metrics')).text).toMatch(/iomt_config_api_outbox_backlog\{[^}]*\} 5/)
  await nats.restart()
  await relayed()
  await waitFor(async () => (await stateOf(sockets[1])) !== null, { what: 'the state of the last socket' })
  expect(log()).not.toContain('"level":50')
})

test("two versions leave each other's states alone, and what is different beside a field that is not known is repaired", async () => {
  const { api } = await start({ config: { SWEEP_INTERVAL_SECONDS: 3_600 } })
  const { pdu, sockets } = await estateWithSockets(api, 2)
  await api.patch(`/pdus/${pdu.id}`, {
    mqtt_credentials: { username: 'u', password: 'p' },
    specifications: { rated_current: '16 A' },
  })
  await relayed()
  const [first, second] = sockets as [Body, Body]
  const newer = (state: SocketDesiredState | null, changed = {}) =>
    JSON.stringify({
      ...state,
      ...changed,
      newer: { ward: 1 },
      broker: { ...state?.broker, newer: 1, credentials: { ...state?.broker?.credentials, newer: 1 } },
    })
  await bucket.put(keyOf(first), newer(await stateOf(first)))
  const written = await stateOf(first)
  await bucket.put(keyOf(second), newer(await stateOf(second), { name: 'by hand' }))
  expect(await sweepDesiredStates(migrated.database, bucket)).toMatchObject({ repaired: 1, conflicts: 0 })
  expect(await stateOf(first)).toEqual(written)
  expect(await stateOf(second)).toMatchObject({ name: null })
  await expectEqual(2)
  await api.patch(`/sockets/${first.id}`, { name: 'changed' })
  await relayed()
  expect(await stateOf(first)).toMatchObject({ name: 'changed', socket_version: 2 })
})

test('the sweep repairs missing, changed and stray keys, and a bucket that is gone', async () => {
  const service = await start({ config: { SWEEP_INTERVAL_SECONDS: 0.2 } })
  const { sockets } = await estateWithSockets(service.api, 3)
  await relayed()
  const stray = socketConfigKey(7, crypto.randomUUID())
  await bucket.delete(keyOf(sockets[0]))
  await bucket.put(keyOf(sockets[1]), '{"v":1}')
  await bucket.put(stray, '{}')
  await waitFor(async () => (await stateOf(sockets[0])) && (await stateOf(sockets[1]))?.socket_id, {
    what: 'repaired keys',
  })
  await waitFor(async () => (await bucket.get(stray))?.operation === 'DEL', { what: 'the stray to go' })

  await bus.manager.streams.delete(`KV_${SOCKET_CONFIG_BUCKET}`)
  await waitFor(async () => (await stateOf(sockets[2]))?.socket_version === 1, { what: 'the bucket made anew' })
  await bus.manager.streams.delete(CONFIG_STREAM.name)
  await service.api.patch(`/sockets/${sockets[2].id}`, { name: 'after' })
  await relayed()
  expect(await events()).toMatchObject([{ entity: 'socket', version: 2 }])
  await waitFor(async () => (await stateOf(sockets[2]))?.name === 'after', { what: 'the newest state' })
})
