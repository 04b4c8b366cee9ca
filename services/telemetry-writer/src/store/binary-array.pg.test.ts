import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { booleanArray, doubleArray, instantArray, textArray, uuidArray } from './binary-array.ts'

let database: MigratedDatabase
beforeAll(async () => {
  database = await createMigratedDatabase()
})
afterAll(async () => {
  await database.drop()
})

/** What Postgres takes as text: anything but NUL and lone surrogates. */
const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''))
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
const anyRow = fc.record({
  number: orNull(fc.uuid()),
  at: orNull(fc.date({ min: new Date('1970-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })),
  double: orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))),
  flag: orNull(fc.boolean()),
  words: orNull(text),
})

test('Postgres reads what was given, row by row, whatever is missing, with no rows too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { maxLength: 40 }), async (expected) => {
      const { rows } = await database.pool.query(
        `select * from unnest($1::uuid[], $2::timestamptz[], $3::float8[], $4::boolean[], $5::text[])
          as sent(number, at, double, flag, words)`,
        [
          uuidArray(expected.map(({ number }) => number)),
          instantArray(expected.map(({ at }) => at?.getTime())),
          doubleArray(expected.map(({ double }) => double)),
          booleanArray(expected.map(({ flag }) => flag)),
          textArray(expected.map(({ words }) => words)),
        ],
      )
      expect(rows).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})

test('the first element has index 1, as in an array that Postgres made', async () => {
  const { rows } = await database.pool.query(
    'select ($1::float8[])[1] as first, array_ndims($1::float8[]) as dimensions',
    [doubleArray([7.5, 8])],
  )
  expect(rows).toEqual([{ first: 7.5, dimensions: 1 }])
})
