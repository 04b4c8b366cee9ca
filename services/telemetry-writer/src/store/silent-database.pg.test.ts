import { connectDatabase } from '@iomt/database/connect'
import { migrateToLatest } from '@iomt/database/migrate'
import { startPostgres } from '@iomt/testing/postgres-server'
import { expect, test } from 'vitest'
import { readingOf, telemetryMessage, testId } from '../testing/messages.ts'
import { createBinaryRows } from './binary-rows.ts'
import { insertingTransaction } from './insert-readings.ts'

test('a database that falls silent while a batch is copied: the writer lives, and stores it when it answers again', async () => {
  const server = await startPostgres()
  const migrated = connectDatabase({ url: server.url, applicationName: 'migration', onConnectionError() {} })
  await migrateToLatest(migrated.database)
  await migrated.pool.query('create table all_days partition of device_data_logs default')
  await migrated.database.destroy()
  const { database, pool } = connectDatabase({
    url: server.url,
    queryTimeout: 500,
    applicationName: 'writer',
    onConnectionError() {},
  })
  const readings = [readingOf(telemetryMessage({ id: testId(1) }))]
  const store = (beforeCopy = async () => {}) =>
    insertingTransaction(pool, async (client, insert) => {
      await beforeCopy()
      return await insert(client, createBinaryRows(), readings)
    })
  await expect(store(() => server.freeze())).rejects.toThrow('Query read timeout')
  await server.resume()
  // Meanwhile the connection is closed: an error event that nobody hears then would end the process, and fails the run.
  const stored = () => store().then(Boolean, () => false)
  await expect.poll(stored, { timeout: 20_000 }).toBe(true)
  expect((await pool.query('select from device_data_logs')).rowCount).toBe(1)
  await database.destroy()
  await server.stop()
})
