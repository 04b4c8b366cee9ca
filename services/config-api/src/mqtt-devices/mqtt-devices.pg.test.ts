import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, problemOf } from '../testing/api-client.ts'
import { BROKER, create, createEstate, expectStatus } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

async function ward() {
  const { api } = running
  const { organization, pdu } = await createEstate(api)
  const socket = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 's1' })
  const other = await create(api, `/pdus/${pdu.id}/sockets`, { socket_number: 2, mqtt_topic_suffix: 's2' })
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  return { api, organization, pdu, socket, other, device }
}

test('assign, read, replace the configuration, unassign; the history stays', async () => {
  const { api, pdu, socket, device } = await ward()
  const path = `/mqtt/devices/${device.id}`
  expect(problemOf(await api.get(path))).toBe('404 /problems/device-not-on-a-socket')
  expect(problemOf(await api.get(`/mqtt/devices/${crypto.randomUUID()}`))).toBe('404 /problems/not-found')

  const assigned = await api.post('/mqtt/devices', {
    device_id: device.id,
    socket_id: socket.id,
    mqtt_broker_host: 'own.example',
    mqtt_credentials: { username: 'u', password: 'p' },
  })
  expect(assigned.status).toBe(201)
  expect(assigned.headers.get('location')).toBe(path)
  expect(assigned.headers.get('etag')).toBe('"2"')
  expect(assigned.body).toMatchObject({
    device_id: device.id,
    socket_id: socket.id,
    device: { name: 'Pump' },
    socket: { socket_number: 1, version: 2 },
    pdu: { id: pdu.id },
    topic: `${pdu.mqtt_base_topic}/s1`,
    mqtt_broker_host: 'own.example',
    mqtt_credentials: { username: 'u', password_set: true },
    inherited_from: null,
    assigned_by: 'first-admin',
    mqtt_status: { status: 'unassigned' },
  })
  expect((await api.get(path)).body).toEqual(assigned.body)
  expect((await api.get('/devices?assigned=true')).body.items.map(({ id }: { id: string }) => id)).toContain(device.id)
  expect((await api.get(`/mqtt/devices?pdu_id=${pdu.id}`)).body).toMatchObject({
    items: [{ device_id: device.id }],
    next_cursor: null,
  })

  const replaced = await api.put(path, { mqtt_broker_host: null }, { 'if-match': '"2"' })
  expect(replaced.body).toMatchObject({ ...BROKER, inherited_from: 'pdu', socket: { version: 3 } })
  expect(problemOf(await api.delete(path, { 'if-match': '"2"' }))).toBe('412 /problems/stale-version')
  expect((await api.delete(path)).status).toBe(204)
  expect(problemOf(await api.delete(path))).toBe('404 /problems/device-not-on-a-socket')
  expect((await api.get(`/sockets/${socket.id}`)).body).toMatchObject({
    device_id: null,
    assigned_at: null,
    assigned_by: null,
    version: 4,
  })
  const history = await running.migrated.database
    .selectFrom('socket_assignments')
    .selectAll()
    .where('device_id', '=', device.id)
    .execute()
  expect(history).toMatchObject([{ socket_id: socket.id, assigned_by: 'first-admin', unassigned_by: 'first-admin' }])
  expect(history[0]?.unassigned_at).not.toBeNull()
})

test('an assignment without a block keeps the configuration of the socket', async () => {
  const { api, socket, device } = await ward()
  await api.put(`/sockets/${socket.id}/mqtt-config`, { mqtt_broker_host: 'kept.example', mqtt_config: { qos: 2 } })
  const assigned = await api.post('/mqtt/devices', { device_id: device.id, socket_id: socket.id })
  expect(assigned.body).toMatchObject({ mqtt_broker_host: 'kept.example', mqtt_config: { qos: 2 } })
})

test('neither a socket nor a device is taken twice, also in a race', async () => {
  const { api, organization, socket, other, device } = await ward()
  const second = await create(api, '/devices', { organization_id: organization.id, name: 'Monitor' })
  const raced = await Promise.all(
    [socket, other, socket, other].map(({ id }) => api.post('/mqtt/devices', { device_id: device.id, socket_id: id })),
  )
  expect(raced.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
  const taken = raced.find(({ status }) => status === 201)?.body.socket_id as string
  const free = taken === socket.id ? other.id : socket.id
  expect(problemOf(await api.post('/mqtt/devices', { device_id: device.id, socket_id: free }))).toBe(
    '409 /problems/device-taken /device_id',
  )
  expect(problemOf(await api.post('/mqtt/devices', { device_id: second.id, socket_id: taken }))).toBe(
    '409 /problems/socket-taken /socket_id',
  )
  expect(problemOf(await api.delete(`/devices/${device.id}`))).toBe('409 /problems/in-use')
  expect(problemOf(await api.delete(`/sockets/${taken}`))).toBe('409 /problems/in-use')
})

test('a change of a device that loses its socket in the same moment does nothing to the device that gets it', async () => {
  const { api, organization, socket, device } = await ward()
  const next = await create(api, '/devices', { organization_id: organization.id, name: 'Monitor' })
  const path = `/mqtt/devices/${device.id}`
  const requests = [() => api.put(path, { mqtt_broker_host: 'of-the-first.example' }), () => api.delete(path)]
  for (const request of requests) {
    expectStatus(200, await api.patch(`/sockets/${socket.id}`, { device_id: null }))
    expectStatus(200, await api.patch(`/sockets/${socket.id}`, { device_id: device.id }))
    const swap = await running.migrated.pool.connect()
    let answer: Promise<Answer>
    try {
      await swap.query('begin')
      await swap.query('update sockets set device_id = $1 where id = $2', [next.id, socket.id])
      answer = request()
      await waitFor(async () => await waitsForLock(), { what: 'the request to wait for the socket' })
      await swap.query('commit')
    } finally {
      swap.release()
    }
    expect(problemOf(await answer)).toBe('404 /problems/device-not-on-a-socket')
    expect((await api.get(`/sockets/${socket.id}`)).body).toMatchObject({ device_id: next.id, mqtt_broker_host: null })
  }
})

async function waitsForLock(): Promise<boolean> {
  const { rowCount } = await running.migrated.pool.query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  )
  return rowCount === 1
}

test('a device is assigned by the socket as well, and only within its organization', async () => {
  const { api, socket, device } = await ward()
  const stranger = await ward()
  expect(problemOf(await api.patch(`/sockets/${socket.id}`, { device_id: stranger.device.id }))).toBe(
    '404 /problems/not-found /device_id',
  )
  const assigned = expectStatus(200, await api.patch(`/sockets/${socket.id}`, { device_id: device.id }))
  expect(assigned.body).toMatchObject({ device_id: device.id, assigned_by: 'first-admin', version: 2 })
  expect(expectStatus(200, await api.patch(`/sockets/${socket.id}`, { device_id: null })).body.device_id).toBeNull()
})

test('the old connectivity endpoints are gone and name their successors', async () => {
  const { api } = running
  const gone = await api.get('/mqtt/connectivity')
  expect(problemOf(gone)).toBe('410 /problems/endpoint-removed')
  expect(gone.body.detail).toContain('GET /mqtt/devices')
  for (const answer of [
    await api.post('/mqtt/connectivity', { any: 'thing' }),
    await api.put('/mqtt/connectivity/7', {}),
    await api.delete('/mqtt/connectivity/7'),
  ]) {
    expect(problemOf(answer)).toBe('410 /problems/endpoint-removed')
  }
  expect(problemOf(await api.as('none').get('/mqtt/connectivity'))).toBe('401 /problems/unauthenticated')
})
