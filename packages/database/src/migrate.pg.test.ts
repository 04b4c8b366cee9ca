import { createTestDatabase } from '@iomt/testing/postgres'
import { expect, test } from 'vitest'
import { connectDatabase } from './connect.ts'
import { migrateToLatest, pendingMigrations } from './migrate.ts'

test('migrates an empty database once, also when two processes start together', async () => {
  const { url, drop } = await createTestDatabase()
  const connections = [1, 2].map(() => connectDatabase({ url, applicationName: 'test', onConnectionError() {} }))
  try {
    const [first, second] = connections as [(typeof connections)[0], (typeof connections)[0]]
    expect(await pendingMigrations(first.database)).toEqual(['0001-initial-schema'])
    const ran = await Promise.all([migrateToLatest(first.database), migrateToLatest(second.database)])
    expect(ran.flat()).toEqual(['0001-initial-schema'])
    expect(await pendingMigrations(second.database)).toEqual([])
  } finally {
    for (const { database } of connections) await database.destroy()
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
