import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eachTextRow, type TextRow, textRows } from './text-rows.ts'

let migrated: MigratedDatabase
beforeAll(async () => {
  migrated = await createMigratedDatabase()
})
afterAll(() => migrated.drop())

test('columns are as Postgres writes them, with and without parameters', async () => {
  const row = ['1', 't', '230.5', 'NaN', null, '{"a": "ä😀"}']
  expect(
    await textRows(
      migrated,
      sql`select 1, true, 230.5::float8, 'NaN'::float8, null::int, ${'{"a":"ä😀"}'}::jsonb where ${7}::int = 7`,
    ),
  ).toEqual([row])
  expect(await textRows(migrated, sql`select n from generate_series(1, 3) n`)).toEqual([['1'], ['2'], ['3']])
  expect(await textRows(migrated, sql`select 1 where false`)).toEqual([])
})

test('rows are given away while more are still to come', async () => {
  const holder = await migrated.pool.connect()
  await holder.query('select pg_advisory_lock(1)')
  const sizes: number[] = []
  // Rows of this size push each other out; the third waits for the lock, which only the arrival of the first frees.
  const rows = sql`select repeat('x', 100000), case when n = 3 then pg_advisory_xact_lock_shared(1) end
    from generate_series(1, 3) n`
  await eachTextRow(migrated, rows, ([text]) => {
    sizes.push(text?.length ?? 0)
    if (sizes.length === 1) void holder.query('select pg_advisory_unlock(1)').finally(() => holder.release())
  })
  expect(sizes).toEqual([100_000, 100_000, 100_000])
})

test('with a pace rows come in lots, until they end or are enough, and the connection goes on', async () => {
  const lots = async (pace: readonly number[], rows: number) => {
    const asked = pace.values()
    const counts: number[] = []
    let taken = 0
    await eachTextRow(
      migrated,
      sql`select n from generate_series(1, ${rows}::int) n`,
      () => {
        taken += 1
      },
      () => {
        counts.push(taken)
        return asked.next().value ?? 0
      },
    )
    expect(await textRows(migrated, sql`select 4`)).toEqual([['4']])
    return [counts, taken]
  }
  expect(await lots([2, 3, 0], 1_000_000)).toEqual([[0, 2, 5], 5])
  expect(await lots([2, 3, 5], 8)).toEqual([[0, 2, 5], 8])
  expect(await lots([3, 4], 3)).toEqual([[0, 3], 3])
  expect(await lots([3], 0)).toEqual([[0], 0])
})

test('what the query or the taker throws is thrown, and the connection goes on', async () => {
  await expect(textRows(migrated, sql`select 1 / (3 - n) from generate_series(1, 5) n`)).rejects.toMatchObject({
    code: '22012',
  })
  const taken: TextRow[] = []
  const give = eachTextRow(migrated, sql`select n from generate_series(1, 1000) n`, (row) => {
    taken.push(row)
    if (taken.length === 3) throw new RangeError('no such time')
  })
  await expect(give).rejects.toThrow('no such time')
  expect(taken.length).toBe(3)
  expect(await textRows(migrated, sql`select 4`)).toEqual([['4']])
})
