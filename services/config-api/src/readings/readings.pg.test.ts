import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemOf } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'

let running: RunningConfigApi
beforeAll(async () => {
  running = await startConfigApi()
  await running.migrated.pool.query(
    `create table device_data_logs_2026_11_23 partition of device_data_logs for values from ('2026-11-23') to ('2026-11-24')`,
  )
})
afterAll(() => running.stop())

test('state: only the measurements that are known, 0 and false among them', async () => {
  const { api, migrated } = running
  const { organization } = await createEstate(api)
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  const path = `/mqtt/devices/${device.id}/state`
  expect(problemOf(await api.get(path))).toBe('404 /problems/no-state-yet')
  const socketId = newId()
  await migrated.pool.query(
    `insert into device_current_state (device_id, socket_id, voltage, current, relay_on, extra, measured_at, last_seen_at)
     values ($1, $2, 230.5, 0, false, '{"firmware":"1.2"}', '2026-11-23T09:00:00Z', '2026-11-23T09:00:01Z')`,
    [device.id, socketId],
  )
  expect((await api.get(path)).body).toEqual({
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

test('history: newest first, every reading once, also those in one microsecond', async () => {
  const { api, migrated } = running
  const { organization } = await createEstate(api)
  const device = await create(api, '/devices', { organization_id: organization.id, name: 'Pump' })
  const path = `/mqtt/devices/${device.id}/telemetry`
  expect((await api.get(path)).body).toEqual({ items: [], next_cursor: null })
  for (let index = 0; index < 10; index += 1) {
    // Pairs within one microsecond, microseconds within one millisecond.
    const time = `2026-11-23T09:00:00.${String(123_000 + Math.floor(index / 2)).padStart(6, '0')}Z`
    await migrated.pool.query(
      `insert into device_data_logs (timestamp, id, measured_at, device_id, socket_id, data_json, voltage, measured_at_source, decoder, qos)
       values ($1, $2, $1, $3, $4, $5, $6, 'received', 'flat-json@1', 1)`,
      [time, newId(), device.id, newId(), JSON.stringify({ n: index }), index],
    )
  }
  const seen: number[] = []
  let cursor: string | null = null
  do {
    const page = await api.get(`${path}?limit=3${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...page.body.items.map((item: { data_json: { n: number } }) => item.data_json.n))
    cursor = page.body.next_cursor
  } while (cursor !== null)
  expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
  const none = await api.get(`${path}?from=2026-11-23T09:00:01Z&to=2026-11-23T10:00:00%2B00:00`)
  expect(none.body.items).toEqual([])
  expect((await api.get(`${path}?from=2026-11-23T09:00:00Z&to=2026-11-23T09:00:01Z`)).body.items).toHaveLength(10)
  expect(problemOf(await api.get(`${path}?from=yesterday`))).toBe('400 /problems/invalid-request /from')
  expect(problemOf(await api.get(`${path}?cursor=WzFd`))).toBe('400 /problems/invalid-cursor /cursor')
})
