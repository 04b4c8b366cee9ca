import { randomUUID } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '@iomt/testing/postgres'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { measureStorage } from '../storage/bytes-per-row.ts'
import type { Estate } from './estate.ts'
import { migrateWithPartitions } from './prepared-tables.ts'
import { countReadings, createCommittedGauge } from './stored-readings.ts'

let database: TestDatabase
let pool: pg.Pool
const socket = () => ({ socketId: randomUUID(), deviceId: randomUUID(), topic: '' })
const estate: Estate = [
  [socket(), socket()],
  [socket(), socket()],
]
const since = new Date(Date.now() - 60_000)

beforeAll(async () => {
  database = await createTestDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  await migrateWithPartitions(database.url)
})
beforeEach(() => pool.query('truncate device_data_logs'))
afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** A row as the writer makes it from reading number `sequence` of a socket. */
async function store(pdu: number, index: number, sequence: number): Promise<void> {
  const energy = 10_000 + sequence / 10_000
  await pool.query(
    `insert into device_data_logs
       (timestamp, id, measured_at, socket_id, data_json, energy, measured_at_source, decoder, qos)
     values (now(), gen_random_uuid(), clock_timestamp(), $1, $2, $3, 'device', 'flat-json@1', 1)`,
    [estate[pdu]?.[index]?.socketId, JSON.stringify({ energy }), energy],
  )
}

test('rows are compared with what was published, by socket and number', async () => {
  for (const sequence of [0, 1, 2, 3]) {
    await store(0, 0, sequence)
    await store(0, 1, sequence)
    await store(1, 0, sequence)
  }
  await store(1, 1, 1)
  await store(1, 1, 1)
  await store(1, 1, 2)
  // Numbers 1 and 2 of every socket: of the last one number 1 is there twice, and of the others all are.
  const run = { since, first: [1, 1], end: [3, 3] }
  expect(await countReadings(pool, estate, run)).toEqual({ expected: 8, rows: 9, lost: 0, duplicated: 1 })
})

test('what has no row is lost, even of a socket without any row', async () => {
  await store(0, 0, 0)
  const run = { since, first: [0, 0], end: [2, 1] }
  expect(await countReadings(pool, estate, run)).toEqual({ expected: 6, rows: 1, lost: 5, duplicated: 0 })
})

test('rows of sockets that are not the load’s do not count', async () => {
  await pool.query(
    `insert into device_data_logs
       (timestamp, id, measured_at, socket_id, data_json, energy, measured_at_source, decoder, qos)
     values (now(), gen_random_uuid(), now(), gen_random_uuid(), '{}', 10000, 'device', 'flat-json@1', 1)`,
  )
  const run = { since, first: [0, 0], end: [1, 1] }
  expect(await countReadings(pool, estate, run)).toMatchObject({ rows: 0, lost: 4 })
})

test('the newest rows of the sampled sockets tell how many messages are rows', async () => {
  const committed = createCommittedGauge(pool, estate)
  expect(await committed()).toEqual({ messages: 0, rounds: 0 })
  for (const sequence of [0, 1, 2]) await store(0, 0, sequence)
  await store(1, 0, 0)
  // The first PDU's third burst made it 10 messages, the second PDU's first burst made it 4: 7, and half a round of 4.
  expect(await committed()).toEqual({ messages: 9, rounds: 1 })
})

test('bytes a row are those of heap and indexes', async () => {
  for (let sequence = 0; sequence < 500; sequence += 1) await store(0, 0, sequence)
  const storage = await measureStorage(pool)
  expect(storage.rows).toBe(500)
  const indexes = Object.values(storage.indexes).reduce((total, bytes) => total + bytes, 0)
  expect(Object.keys(storage.indexes)).toContain('btree ("timestamp", id)')
  expect(storage.heap).toBeGreaterThan(80)
  expect(storage.total).toBeGreaterThanOrEqual(storage.heap + indexes)
})
