import { compileSchema } from '@iomt/contracts/compile-schema'
import { DeviceState } from '@iomt/contracts/rest/device-state'
import { pageOf } from '@iomt/contracts/rest/page'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateApiKey, hashApiKey, prefixOf } from '../access/api-key.ts'
import { type Body, problemOf } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
})
afterAll(() => running.stop())

async function saveState(deviceId: string, socketId: string, voltage: number): Promise<void> {
  await running.migrated.pool.query(
    `insert into device_current_state (device_id, socket_id, voltage, current, relay_on, extra, measured_at, last_seen_at)
     values ($1, $2, $3, 0, false, '{"firmware":"1.2"}', '2026-11-23T09:00:00Z', '2026-11-23T09:00:01Z')`,
    [deviceId, socketId, voltage],
  )
}

test('state: only the measurements that are known, 0 and false among them', async () => {
  const { api } = running
  const { organization } = await createEstate(api)
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  const path = `/mqtt/devices/${device.id}/state`
  expect(problemOf(await api.get(path))).toBe('404 /problems/no-state-yet')
  const socketId = newId()
  await saveState(device.id, socketId, 230.5)
  const { body } = await api.get(path)
  expect(compileSchema(DeviceState).violations(body)).toEqual([])
  expect(body).toEqual({
    device_id: device.id,
    socket_id: socketId,
    measured_at: '2026-11-23T09:00:00.000Z',
    last_seen_at: '2026-11-23T09:00:01.000Z',
    updated_at: expect.any(String),
    measurements: { voltage: 230.5, current: 0, relay_on: false },
    phases: null,
    extra: { firmware: '1.2' },
  })
})

test('states: every device that sent something, in pages, by organization, department and PDU, and for a bound key its own', async () => {
  const { api, migrated } = running
  const wards: { organization: Body; department: Body; pdu: Body; devices: string[] }[] = []
  for (const offset of [0, 10]) {
    const estate = await createEstate(api)
    const devices: string[] = []
    for (let number = 1; number <= 5; number += 1) {
      const device = await create(api, '/devices', { organization_id: estate.organization.id, name: `Pump ${number}` })
      // The last one is plugged in nowhere.
      const socket =
        number < 5 &&
        (await create(api, `/pdus/${estate.pdu.id}/sockets`, { socket_number: number, device_id: device.id }))
      await saveState(device.id, socket ? socket.id : newId(), offset + number)
      devices.push(device.id)
    }
    wards.push({ ...estate, devices })
  }
  const [one, other] = wards as [(typeof wards)[0], (typeof wards)[0]]
  const idsOf = (answer: { body: Body }) => answer.body.items.map((item: Body) => item.device_id)
  const ofOne = await api.get(`/mqtt/states?organization_id=${one.organization.id}`)
  expect(compileSchema(pageOf(DeviceState)).violations(ofOne.body)).toEqual([])
  expect(ofOne.body.items[2]).toMatchObject({ measurements: { voltage: 3 } })
  expect(idsOf(ofOne)).toEqual(one.devices)
  expect(idsOf(await api.get(`/mqtt/states?department_id=${other.department.id}`))).toEqual(other.devices.slice(0, 4))
  expect(idsOf(await api.get(`/mqtt/states?pdu_id=${one.pdu.id}&organization_id=${other.organization.id}`))).toEqual([])
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: { body: Body } = await api.get(
      `/mqtt/states?pdu_id=${one.pdu.id}&limit=3${cursor ? `&cursor=${cursor}` : ''}`,
    )
    seen.push(...idsOf(page))
    cursor = page.body.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual(one.devices.slice(0, 4))
  const key = generateApiKey()
  await migrated.database
    .insertInto('api_keys')
    .values({
      id: newId(),
      name: 'viewer',
      key_hash: hashApiKey(key),
      prefix: prefixOf(key),
      role: 'viewer',
      organization_id: one.organization.id,
    })
    .execute()
  expect(idsOf(await api.as(key).get('/mqtt/states?limit=5000'))).toEqual(one.devices)
  expect(idsOf(await api.as(key).get(`/mqtt/states?organization_id=${other.organization.id}`))).toEqual([])
  expect(problemOf(await api.get('/mqtt/states?limit=5001'))).toBe('400 /problems/invalid-request /limit')
})
