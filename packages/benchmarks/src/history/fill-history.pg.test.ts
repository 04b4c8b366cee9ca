import { createTestDatabase, type TestDatabase } from '@iomt/testing/postgres'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../pipeline/prepared-tables.ts'
import { fillHistory } from './fill-history.ts'
import { deviceId, fillEstate, SOCKETS_PER_PDU, socketId } from './history-estate.ts'

let database: TestDatabase
let pool: pg.Pool
const start = new Date('2026-11-23T00:00:00Z')
const movedAt = new Date('2026-11-24T12:30:00Z')
/** The first four of each of the two PDUs behind the steady ones. */
const moved = [50, 51, 52, 53, 75, 76, 77, 78]

beforeAll(async () => {
  database = await createTestDatabase()
  await migrate(database.url)
  pool = new pg.Pool({ connectionString: database.url })
  const filled = { start, days: 3, pdus: 4, steadyPdus: 2, movedAt, sockets: SOCKETS_PER_PDU, interval: 3_600 }
  await fillEstate(pool, filled)
  await fillHistory(pool, filled, () => undefined)
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

test.each([
  ['telemetry_rollups_1d', '2026-11-24T00:00:00Z'],
  ['telemetry_rollups_1h', '2026-11-24T12:00:00Z'],
])('only sockets whose device changed have two rows in %s, at %s', async (table, bucket) => {
  const { rows } = await pool.query(
    `select socket_id, bucket from ${table} group by 1, 2 having count(*) > 1 order by socket_id`,
  )
  expect(rows).toEqual(moved.map((socket) => ({ socket_id: socketId(socket), bucket: new Date(bucket) })))
})

test('every socket has a row in every bucket', async () => {
  const { rows } = await pool.query(
    'select count(distinct (socket_id, bucket))::int as buckets from telemetry_rollups_1h',
  )
  expect(rows).toEqual([{ buckets: 4 * SOCKETS_PER_PDU * 72 }])
})

test('devices that changed places were on one socket before and on the other after', async () => {
  const { rows: assignments } = await pool.query(
    'select device_id, assigned_at, unassigned_at from socket_assignments where socket_id = $1 order by assigned_at',
    [socketId(50)],
  )
  expect(assignments).toEqual([
    { device_id: deviceId(51), assigned_at: start, unassigned_at: movedAt },
    { device_id: deviceId(50), assigned_at: movedAt, unassigned_at: null },
  ])
  const { rows: days } = await pool.query(
    'select device_id, first_at, last_at from telemetry_rollups_1d where socket_id = $1 order by bucket, first_at',
    [socketId(50)],
  )
  expect(days.map((day) => day.device_id)).toEqual([51, 51, 50, 50].map(deviceId))
  expect(days[1].last_at.getTime()).toBeLessThan(movedAt.getTime())
  expect(days[2].first_at).toEqual(movedAt)
})
