import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, problemOf } from '../testing/api-client.ts'
import { create, createEstate, expectStatus, freshCode } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { tableContents } from '../testing/table-contents.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

const contents = async () => [...(await tableContents(running.migrated.pool, ['api_keys']))]

async function socketWith(fields: object): Promise<{ pdu: Body; path: string; config: string }> {
  const { pdu } = await createEstate(running.api)
  const { id } = await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, ...fields })
  return { pdu, path: `/sockets/${id}`, config: `/sockets/${id}/mqtt-config` }
}

test('a password without a username, which no CONNECT can carry, is refused wherever it would be the result', async () => {
  const { api } = running
  const empty = await socketWith({ mqtt_broker_host: 'broker.example' })
  const full = await socketWith({ mqtt_credentials: { username: 'u', password: 'p' } })
  const device = await create(api, '/devices', { organization_id: full.pdu.organization_id, name: 'Pump' })
  const { pdu } = full
  const password = { mqtt_credentials: { password: 'x' } }
  const before = await contents()
  const answers = [
    await api.patch(empty.path, password),
    await api.patch(empty.path, { mqtt_credentials: { username: null, password: '' } }),
    await api.put(empty.config, { mqtt_broker_host: 'broker.example', ...password }),
    // The stored password would stay: a read never gives it, so that a client can leave it out.
    await api.put(full.config, { mqtt_credentials: {} }),
    await api.put(full.config, { mqtt_credentials: { username: null } }),
    await api.patch(full.path, { mqtt_credentials: { username: null } }),
    await api.patch(`/pdus/${pdu.id}`, password),
    await api.post(`/pdus/${pdu.id}/sockets`, { socket_number: 2, ...password }),
    await api.post('/pdus', { organization_id: pdu.organization_id, code: freshCode(), name: 'PDU', ...password }),
    await api.post('/mqtt/devices', {
      device_id: device.id,
      socket_id: full.path.split('/').at(-1),
      mqtt_credentials: {},
    }),
  ]
  for (const answer of answers) {
    expect(problemOf(answer)).toBe('400 /problems/invalid-request /mqtt_credentials/username')
    expect(answer.body.errors[0].detail).toBe('is required beside a password: send it, or the password as null')
  }
  expect(await contents()).toEqual(before)
})

test('credentials come and go together, and PUT without them clears both', async () => {
  const { api } = running
  const { path, config } = await socketWith({ mqtt_credentials: { username: 'u', password: 'p' } })
  const none = { username: null, password_set: false }
  const shown = async () => (await api.get(path)).body.mqtt_credentials
  expectStatus(200, await api.patch(path, { mqtt_credentials: { username: null, password: null } }))
  expect(await shown()).toEqual(none)
  expectStatus(200, await api.put(config, { mqtt_credentials: {} }))
  // MQTT has a username of no characters.
  expectStatus(200, await api.patch(path, { mqtt_credentials: { username: '', password: 'p' } }))
  expect(await shown()).toEqual({ username: '', password_set: true })
  expectStatus(200, await api.put(config, { mqtt_credentials: { username: 'v' } }))
  expect(await shown()).toEqual({ username: 'v', password_set: true })
  expectStatus(200, await api.put(config, {}))
  expect(await shown()).toEqual(none)
})

test('what was stored as a password alone before that was refused does not stand in the way of other changes', async () => {
  const { api, migrated } = running
  const { path } = await socketWith({ mqtt_credentials: { username: 'u', password: 'p' } })
  await migrated.pool.query(`update sockets set mqtt_credentials = mqtt_credentials - 'username' where id = $1`, [
    path.split('/').at(-1),
  ])
  expectStatus(200, await api.patch(path, { name: 'Bed 4' }))
  expectStatus(200, await api.patch(path, { mqtt_config: { qos: 0 } }))
  expectStatus(200, await api.patch(path, { mqtt_credentials: { username: 'u' } }))
  expect((await api.get(path)).body.mqtt_credentials).toEqual({ username: 'u', password_set: true })
})

test('a password is limited to what CONNECT can carry, in bytes', async () => {
  const { api } = running
  const { path, config } = await socketWith({ mqtt_credentials: { username: 'u' } })
  const withPassword = (password: string) => ({ mqtt_credentials: { username: 'u', password } })
  const before = await contents()
  for (const answer of [
    await api.patch(path, withPassword('é'.repeat(40_000))),
    await api.put(config, withPassword(`${'é'.repeat(32_767)}ab`)),
  ]) {
    expect(problemOf(answer)).toBe('400 /problems/invalid-request /mqtt_credentials/password')
    expect(answer.body.errors[0].detail).toMatch(/^is too long: (80000|65536) bytes, at most 65535 are allowed$/)
  }
  expect(await contents()).toEqual(before)
  expectStatus(200, await api.patch(path, withPassword(`${'é'.repeat(32_767)}a`)))
})
