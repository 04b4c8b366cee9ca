import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createTestDatabase, type TestDatabase } from '@iomt/testing/postgres'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrateWithPartitions } from '../pipeline/prepared-tables.ts'
import { COPY_COLUMNS, createCopyBatch } from './copy-batch.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  await migrateWithPartitions(database.url)
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

test('two batches are rows of the load, each with an id of its own, dealt to the sockets', async () => {
  const sockets: string[] = [randomUUID(), randomUUID()]
  const batch = createCopyBatch(3, sockets)
  const now = Date.now()
  for (const milliseconds of [now, now + 1]) {
    const stream = client.query(
      copyFrom(`copy device_data_logs (${COPY_COLUMNS.join(', ')}) from stdin (format binary)`),
    )
    stream.end(batch.next(milliseconds))
    await once(stream, 'finish')
  }
  const { rows } = await client.query('select * from device_data_logs order by id')
  expect(rows).toHaveLength(6)
  expect(rows[0]).toMatchObject({
    timestamp: new Date(now),
    measured_at: new Date(now),
    socket_id: sockets[0],
    device_id: sockets[0],
    voltage: 230.1,
    active_power: 46.92,
    energy: 10_000,
    relay_on: true,
    extra: { machine_state: 'running' },
    measured_at_source: 'device',
    qos: 1,
    retained: false,
  })
  expect(rows.map((row: { socket_id: string }) => sockets.indexOf(row.socket_id))).toEqual([0, 1, 0, 1, 0, 1])
})
