import { MEASUREMENT_NAMES } from '@iomt/contracts/measurements'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import type { RawBuilder } from 'kysely'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollUp } from '../testing/stored-readings.ts'
import { type AggregatePlan, planAggregates } from './aggregate-plan.ts'
import { type Stretch, stretchOf } from './point-bins.ts'
import { readingsQuery } from './raw-readings.ts'
import { stretchQueries } from './read-points.ts'
import { createReadingReader } from './reading-row.ts'
import { readStep, type Step } from './step.ts'

const DAY = 86_400_000
const START = Date.parse('2026-11-01T00:00:00Z')
const DAYS = 12
const NOW = new Date(START + DAYS * DAY)
const sockets = Array.from({ length: 20 }, () => newId())
let migrated: MigratedDatabase
beforeAll(async () => {
  migrated = await createMigratedDatabase()
  const { pool } = migrated
  for (let day = 0; day < DAYS; day += 1) {
    const [from, to] = [START + day * DAY, START + (day + 1) * DAY].map((time) => new Date(time).toISOString())
    await pool.query(
      `create table device_data_logs_${day} partition of device_data_logs for values from ('${from}') to ('${to}')`,
    )
  }
  // A reading every other minute of each of 20 sockets: 172,800 rows.
  await pool.query(
    `insert into device_data_logs (timestamp, id, measured_at, socket_id, data_json, voltage, energy, measured_at_source, decoder, qos)
     select at, gen_random_uuid(), at, socket, '{}', 230, 1, 'device', 'flat-json@1', 1
     from generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', interval '2 minutes') at, unnest($3::uuid[]) socket
     order by at`,
    [new Date(START), NOW, sockets],
  )
  await rollUp(pool, NOW)
  await pool.query('analyze')
}, 120_000)
afterAll(() => migrated.drop())

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** What was read of each table, and how. */
async function scansOf(query: RawBuilder<unknown> | null): Promise<{ table: string; how: string; removed: number }[]> {
  if (!query) return []
  const { sql, parameters } = query.compile(migrated.database)
  const { rows } = await migrated.pool.query(`explain (analyze, format json) ${sql}`, [...parameters])
  const scans: { table: string; how: string; removed: number }[] = []
  const visit = (node: PlanNode) => {
    const table = node['Relation Name']
    if (table && node['Actual Loops'] > 0) {
      scans.push({ table, how: node['Node Type'], removed: node['Rows Removed by Filter'] ?? 0 })
    }
    for (const child of node.Plans ?? []) visit(child)
  }
  visit((rows[0] as { 'QUERY PLAN': [{ Plan: PlanNode }] })['QUERY PLAN'][0].Plan)
  return scans
}

async function scansOfPoints(
  target: { sockets: string[]; steady: Set<string>; deviceId: null },
  plan: AggregatePlan,
  stretch: Stretch,
  now: Date,
) {
  const { points, consumption } = stretchQueries(target, { plan, merge: 'total' }, stretch, now, {
    after: { at: stretch.from, socketId: sockets[0] as string },
    limit: 1_000,
  })
  return [...(await scansOf(points)), ...(await scansOf(consumption))]
}

const reader = createReadingReader(MEASUREMENT_NAMES, { socketId: null, deviceId: null })
const stay = { socketId: sockets[3] as string, since: null, until: null }
const question = {
  target: { deviceId: null, stays: [stay] },
  reader,
  order: 'desc',
  after: null,
  limit: 5_000,
} as const
const at = (day: number) => new Date(START + day * DAY)

test('readings of a day come by the index of its socket, from its day on', async () => {
  const scans = await scansOf(readingsQuery({ ...question, from: at(8), to: at(9) }))
  for (const scan of scans) expect(scan.how).toMatch(/Index|Bitmap/)
  // The reading at midnight may have come 5 minutes "before" it was measured; later days may have late ones.
  expect(scans.map(({ table }) => table).sort()).toEqual(
    [7, 8, 9, 10, 11].map((day) => `device_data_logs_${day}`).sort(),
  )
  for (const { removed } of scans) expect(removed).toBeLessThan(10)
})

test('a whole day comes in its order, its first readings before the last are found', async () => {
  const whole = { ...question, limit: 10_001, from: at(8), to: at(9) }
  const onTwo = [stay, { ...stay, socketId: sockets[4] as string, since: at(2) }]
  for (const stays of [[stay], [{ ...stay, since: at(2) }], onTwo]) {
    for (const deviceId of [null, newId()]) {
      for (const order of ['asc', 'desc'] as const) {
        const scans = await scansOf(readingsQuery({ ...whole, order, target: { deviceId, stays } }))
        expect(scans.map(({ how }) => how)).toEqual(scans.map(() => 'Index Scan'))
      }
    }
  }
})

test("a device's stays bound the days that are opened", async () => {
  const stays = [
    { ...stay, since: at(2), until: at(3) },
    { ...stay, socketId: sockets[4] as string, since: at(10), until: null },
  ]
  const scans = await scansOf(
    readingsQuery({ ...question, target: { deviceId: newId(), stays }, from: null, to: null }),
  )
  expect([...new Set(scans.map(({ table }) => table))].sort()).toEqual(
    [2, 10, 11].map((day) => `device_data_logs_${day}`).sort(),
  )
})

test('a stay that was over before the range is not looked into', () => {
  const stays = [{ ...stay, since: at(2), until: at(3) }]
  expect(readingsQuery({ ...question, target: { deviceId: newId(), stays }, from: at(4), to: null })).toBeNull()
})

test('points of many sockets come by the index of the rollup, and touch no readings but the last minutes', async () => {
  const step = readStep('1h') as Step
  const stretch = stretchOf(step, 'UTC', at(5), at(6), 1_000, null)
  const plan = planAggregates(undefined, null, true)
  const two = sockets.slice(0, 2)
  const target = { sockets: two, steady: new Set(two), deviceId: null }
  const past = await scansOfPoints(target, plan, stretch, NOW)
  expect(past.every(({ table }) => table.startsWith('telemetry_rollups_1h'))).toBe(true)
  const open = stretchOf(step, 'UTC', at(DAYS - 1), NOW, 1_000, null)
  const present = await scansOfPoints(target, plan, open, new Date(NOW.getTime() - 60_000))
  const days = present.map(({ table }) => table).filter((table) => table.startsWith('device_data_logs'))
  expect([...new Set(days)]).toEqual([`device_data_logs_${DAYS - 1}`])
  for (const { table, how } of present) if (table.startsWith('device')) expect(how).toMatch(/Index|Bitmap/)
})
