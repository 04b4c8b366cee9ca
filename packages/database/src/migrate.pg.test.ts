import { createTestDatabase } from '@iomt/testing/postgres'
import { Migrator } from 'kysely/migration'
import { expect, test } from 'vitest'
import { connectDatabase } from './connect.ts'
import { migrateToLatest, pendingMigrations } from './migrate.ts'
import * as initialSchema from './migrations/0001-initial-schema.ts'

const ALL = [
  '0001-initial-schema',
  '0002-rollups',
  '0003-payload-profiles',
  '0004-late-redeliveries',
  '0005-handovers-and-kept-history',
]

test('migrates an empty database once, also when two processes start together', async () => {
  const { url, drop } = await createTestDatabase()
  const connections = [1, 2].map(() => connectDatabase({ url, applicationName: 'test', onConnectionError() {} }))
  try {
    const [first, second] = connections as [(typeof connections)[0], (typeof connections)[0]]
    expect(await pendingMigrations(first.database)).toEqual(ALL)
    const ran = await Promise.all([migrateToLatest(first.database), migrateToLatest(second.database)])
    expect(ran.flat()).toEqual(ALL)
    expect(await pendingMigrations(second.database)).toEqual([])
  } finally {
    for (const { database } of connections) await database.destroy()
    await drop()
  }
})

test('a database that a newer version has migrated further is ready for this one, and left as it is', async () => {
  const { url, drop } = await createTestDatabase()
  const { database, pool } = connectDatabase({ url, applicationName: 'test', onConnectionError() {} })
  try {
    await migrateToLatest(database)
    await pool.query("insert into kysely_migration values ('9999-newer', now()::text)")
    expect(await pendingMigrations(database)).toEqual([])
    expect(await migrateToLatest(database)).toEqual([])
  } finally {
    await database.destroy()
    await drop()
  }
})

test('a code is unique within its parent, also for PDUs without a department', async () => {
  const { url, drop } = await createTestDatabase()
  const { database, pool } = connectDatabase({ url, applicationName: 'test', onConnectionError() {} })
  try {
    await migrateToLatest(database)
    const id = (digit: number) => `00000000-0000-7000-8000-00000000000${digit}`
    await pool.query(`insert into organizations (id, code, name) values ('${id(1)}', 'hopt', 'Hospital')`)
    const insert = (pdu: number) =>
      pool.query(
        `insert into power_distribution_units (id, organization_id, code, name) values ('${id(pdu)}', '${id(1)}', 'a', 'A')`,
      )
    await insert(2)
    await expect(insert(3)).rejects.toMatchObject({ code: '23505', constraint: 'power_distribution_units_code' })
  } finally {
    await database.destroy()
    await drop()
  }
})

test('readings that are there when the rollups come keep their place and get the new index', async () => {
  const { url, drop } = await createTestDatabase()
  const { database, pool } = connectDatabase({ url, applicationName: 'test', onConnectionError() {} })
  try {
    const first = { getMigrations: async () => ({ '0001-initial-schema': initialSchema }) }
    await new Migrator({ db: database, provider: first }).migrateToLatest()
    await pool.query(`create table device_data_logs_20261123 partition of device_data_logs
      for values from ('2026-11-23 00:00+00') to ('2026-11-24 00:00+00')`)
    await pool.query(`insert into device_data_logs
      (timestamp, id, measured_at, socket_id, data_json, measured_at_source, decoder, qos)
      values ('2026-11-23 09:00+00', gen_random_uuid(), now(), gen_random_uuid(), '{}', 'device', 'flat-json@1', 1)`)
    expect(await migrateToLatest(database)).toEqual(ALL.slice(1))

    const { rows } = await pool.query(`select pg_get_indexdef(indexrelid) as definition
      from pg_index where indrelid = 'device_data_logs_20261123'::regclass order by 1`)
    expect(rows.map(({ definition }) => definition.replace(/.* USING /, ''))).toEqual([
      'btree (socket_id, measured_at, id)',
      'btree ("timestamp", id)',
    ])
    expect((await pool.query('select from device_data_logs')).rowCount).toBe(1)
  } finally {
    await database.destroy()
    await drop()
  }
})

test('a rollup is one row a socket, bucket and device, also without a device', async () => {
  const { url, drop } = await createTestDatabase()
  const { database, pool } = connectDatabase({ url, applicationName: 'test', onConnectionError() {} })
  try {
    await migrateToLatest(database)
    // As the writer makes partitions: beside the table, with the same indexes.
    await pool.query(`create table minutes (like telemetry_rollups_1m including all)`)
    await pool.query(`alter table telemetry_rollups_1m attach partition minutes
      for values from ('2026-11-01 00:00+00') to ('2026-12-01 00:00+00')`)
    const insert = () =>
      pool.query(`insert into telemetry_rollups_1m (bucket, socket_id, readings, first_at, last_at)
        values ('2026-11-23 09:00+00', '00000000-0000-7000-8000-000000000001', 1, now(), now())`)
    await insert()
    await expect(insert()).rejects.toMatchObject({ code: '23505' })
  } finally {
    await database.destroy()
    await drop()
  }
})
