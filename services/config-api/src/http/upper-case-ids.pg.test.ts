import { readKeyFile } from '@iomt/credential-vault/key-file'
import { createVault } from '@iomt/credential-vault/vault'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROKER, create, createEstate, expectStatus } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

test('a password that is saved with an organization id in capitals can be opened by a gateway', async () => {
  const { api, config, migrated } = running
  const { organization, department } = await createEstate(api)
  const pdu = await create(api, '/pdus', {
    organization_id: organization.id.toUpperCase(),
    department_id: department.id.toUpperCase(),
    code: 'capitals',
    name: 'PDU',
    ...BROKER,
    mqtt_credentials: { username: 'u', password: 'secret' },
  })
  expect(pdu).toMatchObject({ organization_id: organization.id, department_id: department.id })
  const { mqtt_credentials: stored } = await migrated.database
    .selectFrom('power_distribution_units')
    .select('mqtt_credentials')
    .where('id', '=', pdu.id)
    .executeTakeFirstOrThrow()
  if (!stored.envelope) throw new Error('no envelope')
  // The organization id is what the desired state tells the gateway: as Postgres writes it.
  const context = { organizationId: organization.id, owner: `pdu:${pdu.id}` } as const
  expect(createVault(readKeyFile(config.CREDENTIAL_KEY_FILE)).open(stored.envelope, context)).toEqual({
    password: 'secret',
  })
})

test('a device, a socket and a PDU are the same ones in capitals', async () => {
  const { api } = running
  const { organization, pdu } = await createEstate(api)
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  const channel = (value: number) => ({ mqtt_topic_suffix: 's', payload_config: { channel: value } })
  const socket = await create(api, `/pdus/${pdu.id.toUpperCase()}/sockets`, { socket_number: 1, ...channel(1) })
  await create(api, '/mqtt/devices', { device_id: device.id, socket_id: socket.id })
  const again = await api.patch(`/sockets/${socket.id.toUpperCase()}`, { device_id: device.id.toUpperCase() })
  expect(expectStatus(200, again).body.device_id).toBe(device.id)

  const check = { socket_id: socket.id.toUpperCase(), mqtt_topic_suffix: 's' }
  expect((await api.post('/topics/check', check)).body).toMatchObject({ valid: true, conflicts: [] })

  // Forced past the check, as a restored backup can be.
  const twin = await create(api, '/sockets', { pdu_id: pdu.id.toUpperCase(), socket_number: 2, ...channel(2) })
  await running.migrated.database
    .updateTable('sockets')
    .set({ payload_config: JSON.stringify({ channel: 1 }) })
    .where('id', '=', twin.id)
    .execute()
  for (const [name, id] of Object.entries({ pdu_id: pdu.id, organization_id: organization.id })) {
    expect((await api.get(`/topics/conflicts?${name}=${id.toUpperCase()}`)).body.items).toHaveLength(1)
  }
})
