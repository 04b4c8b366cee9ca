import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET, socketConfigKey } from '@iomt/contracts/buckets'
import { partitionOf } from '@iomt/contracts/partitions'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { waitFor } from '@iomt/testing/wait-for'
import type { KV } from '@nats-io/kv'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { create, createEstate, expectStatus } from '../testing/estate.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let bucket: KV
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats()
  ;({ bus, running } = started)
  bucket = await openBucket(bus, SOCKET_CONFIG_BUCKET)
})
afterAll(() => started.stop())

const MAPPING = { measurements: { active_power: { pointer: '/meter/kw', unit: 'kW' } } }

const profileOf = (organization: Body, name: string, config: object = { mapping: MAPPING }) =>
  create(running.api, '/payload-profiles', { organization_id: organization.id, name, payload_config: config })

/** What a gateway is told of the socket, once it is told this. */
const desired = (socket: Body, fits: (state: SocketDesiredState) => boolean) =>
  waitFor(
    async () => {
      const entry = await bucket.get(socketConfigKey(partitionOf(socket.pdu_id), socket.id))
      const state = entry?.operation === 'PUT' ? entry.json<SocketDesiredState>() : null
      return state !== null && fits(state) && state
    },
    { what: 'the desired state' },
  )

test('a profile is a resource like the others', async () => {
  const { organization } = await createEstate(running.api)
  const profile = await profileOf(organization, 'Modbus')
  expect(profile).toMatchObject({ name: 'Modbus', description: null, payload_config: { mapping: MAPPING }, version: 1 })
  const path = `/payload-profiles/${profile.id}`
  expect((await running.api.get(path)).body).toEqual(profile)
  expect((await running.api.get('/payload-profiles?name=Modbus')).body.items).toEqual([profile])
  expect((await running.api.get(path.replace('-', '_'))).body).toEqual(profile)
  expect((await running.api.get('/payload_profiles?name=Modbus')).body.items).toEqual([profile])
  const changed = await running.api.patch(path, { description: 'Hall B' }, { 'if-match': '"1"' })
  expect(expectStatus(200, changed).body).toMatchObject({ description: 'Hall B', version: 2 })
  expect(problemOf(await running.api.patch(path, { name: 'x' }, { 'if-match': '"1"' }))).toBe(
    '412 /problems/stale-version',
  )
  expect((await running.api.patch(`/payload_profiles/${profile.id}`, { description: 'Hall B' })).body.version).toBe(3)
  const again = { organization_id: organization.id, name: 'Modbus', payload_config: {} }
  expect(problemOf(await running.api.post('/payload-profiles', again))).toBe('409 /problems/name-taken /name')
  expect(problemOf(await running.api.delete(`/organizations/${organization.id}`))).toBe('409 /problems/in-use')
  expect((await running.api.delete(path)).status).toBe(204)
  expect((await running.api.get(path)).status).toBe(404)
})

test('what cannot work is refused where it is, in profiles and in sockets', async () => {
  const { organization, pdu } = await createEstate(running.api)
  const profile = { organization_id: organization.id, name: 'wrong' }
  const refusedProfile = async (config: object) =>
    problemOf(await running.api.post('/payload-profiles', { ...profile, payload_config: config }))
  const refusedSocket = async (config: object) =>
    problemOf(await running.api.post(`/pdus/${pdu.id}/sockets`, { socket_number: 1, payload_config: config }))
  const wrong: [object, string][] = [
    [{ mapping: { measurements: { voltage: { pointer: 'u' } } } }, '/mapping/measurements/voltage/pointer'],
    [{ mapping: { measurements: { voltage: { pointer: '/u', unit: 'A' } } } }, '/mapping/measurements/voltage/unit'],
    [{ mapping: { measurements: {} } }, '/mapping/measurements'],
    [{ mapping: { measurements: { volts: { pointer: '/u' } } } }, '/mapping/measurements/volts'],
    [{ format: 'mapping' }, '/mapping'],
    [{ format: 'tasmota', mapping: MAPPING }, '/mapping'],
    [{ timezone: 'Mars/Olympus' }, '/timezone'],
    [{ colour: 'red' }, '/colour'],
  ]
  for (const [config, pointer] of wrong) {
    const expected = `400 /problems/invalid-request /payload_config${pointer}`
    expect(await refusedProfile(config)).toBe(expected)
    expect(await refusedSocket(config)).toBe(expected)
  }
  expect(await refusedProfile({ channel: 1 })).toBe('400 /problems/invalid-request /payload_config/channel')
  expect(await refusedProfile({ profile: 'other' })).toBe('400 /problems/invalid-request /payload_config/profile')
  expect(await refusedSocket({ profile: 'none' })).toBe('404 /problems/not-found /payload_config/profile')
  await profileOf(organization, 'tasmota', { format: 'tasmota' })
  expect(await refusedSocket({ profile: 'tasmota', mapping: MAPPING })).toBe(
    '400 /problems/invalid-request /payload_config/mapping',
  )
})

test('a profile reaches the gateway merged with what the socket says, and a change of it changes each of its sockets', async () => {
  const { organization, pdu } = await createEstate(running.api, { specifications: { rated_voltage: 230 } })
  const profile = await profileOf(organization, 'shared', { mapping: MAPPING, timezone: 'Asia/Ho_Chi_Minh' })
  const socket = (number: number, config: object) =>
    create(running.api, `/pdus/${pdu.id}/sockets`, {
      socket_number: number,
      mqtt_topic_suffix: `s${number}`,
      payload_config: config,
    })
  const byName = await socket(1, { profile: 'shared', channel: 2 })
  const byId = await socket(2, { profile: profile.id, timezone: 'UTC' })
  const without = await socket(3, { format: 'auto' })
  expect(byName.payload_config).toEqual({ profile: 'shared', channel: 2 })
  expect(await desired(byName, () => true)).toMatchObject({
    payload_config: { mapping: MAPPING, timezone: 'Asia/Ho_Chi_Minh', channel: 2 },
    timezone: 'Asia/Ho_Chi_Minh',
    specifications: { rated_voltage: 230 },
  })
  expect(await desired(byId, () => true)).toMatchObject({ timezone: 'UTC', payload_config: { mapping: MAPPING } })
  const events: Body[] = []
  const subscription = bus.connection.subscribe('iomt.v1.config.socket.updated.>', {
    callback: (_, message) => void events.push(message.json()),
  })
  await running.api.patch(`/payload-profiles/${profile.id}`, { payload_config: { format: 'tasmota' } })
  expect(await desired(byName, ({ socket_version: version }) => version === 2)).toMatchObject({
    payload_config: { format: 'tasmota', channel: 2 },
    timezone: 'UTC',
  })
  await desired(byId, ({ socket_version: version }) => version === 2)
  expect((await running.api.get(`/sockets/${byName.id}`)).body.version).toBe(2)
  expect((await running.api.get(`/sockets/${without.id}`)).body.version).toBe(1)
  await waitFor(() => events.length === 2, { what: 'an event for each socket' })
  expect(events.map(({ entity_id: id }) => id).sort()).toEqual([byName.id, byId.id].sort())
  subscription.unsubscribe()
  const audit = await running.migrated.database
    .selectFrom('audit_log')
    .select(['entity', 'version'])
    .where('entity_id', 'in', [byId.id, profile.id])
    .where('action', '=', 'updated')
    .orderBy('entity')
    .execute()
  expect(audit).toEqual([
    { entity: 'payload-profile', version: 2 },
    { entity: 'socket', version: 2 },
  ])
  // A new description concerns nobody.
  await running.api.patch(`/payload-profiles/${profile.id}`, { description: 'x' })
  expect((await running.api.get(`/sockets/${byName.id}`)).body.version).toBe(2)
})

test('a profile does not become one with which a socket that refers to it cannot work', async () => {
  const { organization, pdu } = await createEstate(running.api)
  const profile = await profileOf(organization, 'fitting')
  const path = `/payload-profiles/${profile.id}`
  const refer = (number: number, config: object) =>
    create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: number, payload_config: config })
  await refer(1, { profile: 'fitting' })
  const byName = await refer(2, { profile: 'fitting', format: 'mapping' })
  await refer(3, { profile: profile.id, format: 'mapping' })
  const refused = await running.api.patch(path, { payload_config: { timezone: 'UTC' } })
  expect(problemOf(refused)).toBe('409 /problems/in-use /payload_config/mapping')
  expect(refused.body.detail).toContain('socket 2 of PDU pdu-1')
  expect(refused.body.detail).toContain('mapping is required by the format mapping')
  expect((await running.api.get(path)).body).toEqual(profile)
  expect((await running.api.get(`/sockets/${byName.id}`)).body.version).toBe(1)
  expectStatus(200, await running.api.patch(path, { payload_config: { mapping: MAPPING, timezone: 'UTC' } }))

  const other = await profileOf(organization, 'other', { timezone: 'UTC' })
  const socket = await refer(4, { profile: other.id, mapping: MAPPING })
  const toTasmota = () => running.api.patch(`/payload-profiles/${other.id}`, { payload_config: { format: 'tasmota' } })
  expect((await toTasmota()).body.detail).toContain('socket 4 of PDU pdu-1')
  await running.api.patch(`/sockets/${socket.id}`, { payload_config: { profile: other.id } })
  expectStatus(200, await toTasmota())
})

test('a profile that is used is not deleted, nor renamed under those who call it by name', async () => {
  const { organization, pdu } = await createEstate(running.api)
  const profile = await profileOf(organization, 'used')
  const path = `/payload-profiles/${profile.id}`
  const socket = await create(running.api, `/pdus/${pdu.id}/sockets`, {
    socket_number: 4,
    payload_config: { profile: 'used' },
  })
  const deletion = await running.api.delete(path)
  expect(problemOf(deletion)).toBe('409 /problems/in-use')
  expect(deletion.body.detail).toContain('socket 4 of PDU pdu-1')
  expect(problemOf(await running.api.patch(path, { name: 'other' }))).toBe('409 /problems/in-use')
  await running.api.patch(`/sockets/${socket.id}`, { payload_config: { profile: profile.id } })
  expectStatus(200, await running.api.patch(path, { name: 'other' }))
  expect(problemOf(await running.api.delete(path))).toBe('409 /problems/in-use')
  await running.api.patch(`/sockets/${socket.id}`, { payload_config: null })
  expect((await running.api.delete(path)).status).toBe(204)
})

test('deleting a profile and giving it to a socket at the same moment never leaves a socket without one', async () => {
  const { organization, pdu } = await createEstate(running.api)
  for (let number = 1; number <= 20; number += 1) {
    const profile = await profileOf(organization, `race-${number}`)
    const socket = { socket_number: number, payload_config: { profile: profile.id } }
    const [saved, deleted] = await Promise.all([
      running.api.post(`/pdus/${pdu.id}/sockets`, socket),
      running.api.delete(`/payload-profiles/${profile.id}`),
    ])
    expect([
      [201, 409],
      [404, 204],
    ]).toContainEqual([saved.status, deleted.status])
  }
})

test("another organization's profile does not exist for a socket", async () => {
  const mine = await createEstate(running.api)
  const theirs = await createEstate(running.api)
  const profile = await profileOf(theirs.organization, 'theirs')
  for (const reference of ['theirs', profile.id]) {
    const socket = { socket_number: 1, payload_config: { profile: reference } }
    expect((await running.api.post(`/pdus/${mine.pdu.id}/sockets`, socket)).status).toBe(404)
  }
})
