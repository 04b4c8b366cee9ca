import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readingOf, telemetryMessage, testId } from '../testing/messages.ts'
import { createBinaryRows } from './binary-rows.ts'
import { insertingTransaction } from './insert-readings.ts'

let database: MigratedDatabase
beforeAll(async () => {
  database = await createMigratedDatabase()
  await database.pool.query('create table all_days partition of device_data_logs default')
})
afterAll(() => database.drop())

const reading = (number: number) => readingOf(telemetryMessage({ id: testId(number) }))
const insert = (numbers: readonly number[]) =>
  insertingTransaction(database.pool, async (client, insertInto) => {
    const inserted = await insertInto(client, createBinaryRows(), numbers.map(reading))
    return inserted.map(({ id }) => id)
  })

test('of any batches, with duplicates within and between them, each reading is inserted and reported once', async () => {
  const batches = fc.array(fc.array(fc.nat(20), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(batches, async (plan) => {
      await database.pool.query('truncate device_data_logs')
      const known = new Set<string>()
      for (const batch of plan) {
        const fresh = new Set(batch.map(testId).filter((id) => !known.has(id)))
        expect((await insert(batch)).toSorted()).toEqual([...fresh].toSorted())
        for (const id of fresh) known.add(id)
      }
      const { rows } = await database.pool.query<{ id: string }>('select id::text from device_data_logs')
      expect(rows.map(({ id }) => id).toSorted()).toEqual([...known].toSorted())
    }),
    { numRuns: 40 },
  )
})

test('two writers with the same readings in another order both go on, and one of them inserts each', async () => {
  const numbers = Array.from({ length: 500 }, (_, index) => 1_000 + index)
  const [left, right] = await Promise.all([insert(numbers), insert(numbers.toReversed())])
  expect([...left, ...right].toSorted()).toEqual(numbers.map(testId).toSorted())
})
