import { openBucket } from '@iomt/bus/open-bucket'
import { SOCKET_CONFIG_BUCKET } from '@iomt/contracts/buckets'
import { CONFIG_STREAM } from '@iomt/contracts/streams'
import { readKeyFile } from '@iomt/credential-vault/key-file'
import { createVault } from '@iomt/credential-vault/vault'
import { waitFor } from '@iomt/testing/wait-for'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConfigApiWithNats, startConfigApiWithNats } from '../testing/config-api-with-nats.ts'
import { create, createEstate } from '../testing/estate.ts'
import { tableContents } from '../testing/table-contents.ts'

let started: ConfigApiWithNats
let bus: ConfigApiWithNats['bus']
let running: ConfigApiWithNats['running']
beforeAll(async () => {
  started = await startConfigApiWithNats({ LOG_LEVEL: 'trace' })
  ;({ bus, running } = started)
})
afterAll(() => started.stop())

const PASSWORD = 'canary-password-7f3a'
const KEY = '-----BEGIN PRIVATE KEY-----canary-key-91bc-----END PRIVATE KEY-----'
const CANARIES = [
  /canary-password-7f3a/,
  /canary-key-91bc/,
  new RegExp(Buffer.from(PASSWORD).toString('base64').slice(0, 20)),
]

test('a password and a TLS key saved over REST appear nowhere but in their envelope', async () => {
  const { api, migrated, config, log } = running
  const answers: string[] = []
  const send = async (request: Promise<{ text: string; headers: Headers }>) => {
    const { text, headers } = await request
    answers.push(text, JSON.stringify([...headers]))
    return JSON.parse(text || 'null')
  }
  const block = {
    mqtt_broker_host: 'b.example',
    mqtt_credentials: { username: 'u', password: PASSWORD },
    mqtt_config: { tls: { enabled: true, key: KEY } },
  }
  const { organization, pdu } = await createEstate(api, block)
  const socket = await send(
    api.post(`/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 's1', ...block }),
  )
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  await send(api.post('/mqtt/devices', { device_id: device.id, socket_id: socket.id, ...block }))
  await send(api.put(`/mqtt/devices/${device.id}`, block))
  await send(
    api.put(`/sockets/${socket.id}/mqtt-config`, { ...block, mqtt_credentials: { username: 'v', password: PASSWORD } }),
  )
  await send(api.patch(`/sockets/${socket.id}`, { mqtt_credentials: { username: 'w' } }))
  // Refusals name fields and never repeat what was in them.
  await send(api.post(`/pdus/${pdu.id}/sockets`, { socket_number: 1, ...block }))
  await send(api.patch(`/sockets/${socket.id}`, { mqtt_credentials: { password: PASSWORD, pasword: PASSWORD } }))
  await send(api.patch(`/sockets/${socket.id}`, { mqtt_credentials: { password: `${PASSWORD}\u0000` } }))
  await send(api.patch(`/sockets/${socket.id}`, { mqtt_credentials: PASSWORD, mqtt_config: { tls: { key: [KEY] } } }))
  const malformed = {
    headers: { 'content-type': 'application/json' },
    body: `{"mqtt_credentials":{"password":"${PASSWORD}"`,
  }
  await send(api.send('PATCH', `/sockets/${socket.id}`, malformed))
  for (const path of [
    '/pdus',
    '/sockets',
    `/sockets/${socket.id}/mqtt-config`,
    '/mqtt/devices',
    '/mqtt/statuses',
    '/metrics',
    '/openapi.json',
  ]) {
    answers.push((await api.get(path)).text)
  }
  await waitFor(async () => (await migrated.pool.query('select from outbox')).rowCount === 0, {
    what: 'an empty outbox',
  })

  const tables = await tableContents(migrated.pool)
  const messages: string[] = []
  const { state } = await bus.manager.streams.info(CONFIG_STREAM.name)
  for (let sequence = state.first_seq; sequence <= state.last_seq; sequence += 1) {
    messages.push((await bus.manager.streams.getMessage(CONFIG_STREAM.name, { seq: sequence }))?.string() ?? '')
  }
  const values: string[] = []
  for await (const entry of await (await openBucket(bus, SOCKET_CONFIG_BUCKET)).history()) values.push(entry.string())

  expect(tables.get('sockets')).toContain('"kek": "k1"')
  expect(values.some((value) => value.includes('"kek":"k1"'))).toBe(true)
  expect(log()).toContain('mqtt-config')
  const places = {
    answers: answers.join('\n'),
    log: log(),
    tables: [...tables.values()].join('\n'),
    messages: messages.join('\n'),
    values: values.join('\n'),
  }
  for (const [place, text] of Object.entries(places)) {
    for (const canary of CANARIES) expect(canary.test(text), `${canary} in ${place}`).toBe(false)
  }
  // The envelope does hold them, for this socket alone.
  const stored = await migrated.database.selectFrom('sockets').select('mqtt_credentials').executeTakeFirstOrThrow()
  const envelope = stored.mqtt_credentials.envelope
  if (!envelope) throw new Error('no envelope')
  const vault = createVault(readKeyFile(config.CREDENTIAL_KEY_FILE))
  const owner = `socket:${socket.id}` as const
  expect(vault.open(envelope, { organizationId: organization.id, owner })).toEqual({ password: PASSWORD, tls_key: KEY })
  expect(() => vault.open(envelope, { organizationId: pdu.id, owner })).toThrow()
})
