import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPartition } from '../partitions/create-partition.ts'
import { HOUR_ROLLUPS, MINUTE_ROLLUPS, partitionAt, READINGS } from '../partitions/partitioned-table.ts'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { createRollupFixture, type RollupFixture } from '../testing/rollup-fixture.ts'
import { applyRetention } from './apply-retention.ts'
import { createRetentionKeeper } from './retention-keeper.ts'
import type { RetentionDays } from './retention-plan.ts'

let fixture: RollupFixture
let counter = 0
beforeAll(async () => {
  fixture = await createRollupFixture()
})
beforeEach(async () => {
  for (const { name } of await partitions()) await fixture.rows(`drop table ${name}`)
  await fixture.clear()
  await fixture.rows('truncate socket_connection_events')
})
afterAll(() => fixture?.stop())

const DAY = 86_400_000
/** Retention believes no clock that is ahead of the database's. */
const NOW = Date.now()
const FOR_EVER: RetentionDays = { readings: 0, minutes: 0, hours: 0, events: 0 }

const apply = (days: Partial<RetentionDays>, now = NOW, signal?: AbortSignal) =>
  applyRetention(
    {
      pool: fixture.pool,
      days: { ...FOR_EVER, ...days },
      metrics: fixture.metrics,
      logger: pino({ level: 'silent' }),
    },
    now,
    signal,
  )
const partitions = () =>
  fixture.rows<{ name: string }>(`select i.inhrelid::regclass::text as name from pg_inherits i
    join pg_class c on c.oid = i.inhparent where c.relkind = 'p' order by 1`)
const names = async () => (await partitions()).map(({ name }) => name)
const tables = async () =>
  (await fixture.rows<{ relname: string }>(`select relname from pg_class where relkind = 'r' and relname ~ '_2\\d+$'`))
    .map(({ relname }) => relname)
    .toSorted()
const day = (daysAgo: number) => partitionAt(READINGS, NOW, -daysAgo)
const dropped = async () =>
  Object.fromEntries(
    (await fixture.metrics.partitionsDropped.get()).values.map(({ labels, value }) => [labels.table, value]),
  )

function reading(at: number, socket = 0xa01): TelemetryMessage {
  counter += 1
  const time = new Date(at).toISOString()
  return telemetryMessage({ id: testId(counter), socket_id: testId(socket), received_at: time, measured_at: time })
}

test('drops the partitions that are older than they are to be kept, and no other', async () => {
  for (const daysAgo of [0, 9, 10, 11, 400]) await createPartition(fixture.pool, day(daysAgo))
  for (const months of [-1, -3, 0]) await createPartition(fixture.pool, partitionAt(MINUTE_ROLLUPS, NOW, months))
  for (const years of [-11, -2]) await createPartition(fixture.pool, partitionAt(HOUR_ROLLUPS, NOW, years))
  fixture.metrics.partitionsDropped.reset()

  await apply({})
  expect(await names()).toHaveLength(10)
  await apply({ readings: 10, minutes: 45, hours: 3_650 })
  // Ten whole days are kept: of the day in which they began, too.
  expect(await names()).toEqual(
    [
      ...[0, 9, 10].map((daysAgo) => day(daysAgo).name),
      ...[-1, 0].map((months) => partitionAt(MINUTE_ROLLUPS, NOW, months).name),
      partitionAt(HOUR_ROLLUPS, NOW, -2).name,
    ].toSorted(),
  )
  expect(await tables()).toEqual(await names())
  expect(await dropped()).toEqual({ device_data_logs: 2, telemetry_rollups_1m: 1, telemetry_rollups_1h: 1 })
})

test('waits for the rollups that may need the partition, and rows that are gone stay in the rollups', async () => {
  await fixture.store([reading(NOW - 20 * DAY), reading(NOW - 12 * DAY)])
  await apply({ readings: 10 })
  expect(await names()).toContain(day(20).name)
  await fixture.rollUp()
  await apply({ readings: 10 })
  expect(await names()).not.toContain(day(20).name)
  expect([...(await fixture.rollups('day')).values()].map(({ readings }) => readings)).toEqual([1, 1])
})

test('what is pending keeps only the partitions that its own rows are in', async () => {
  const measured = new Date(NOW - 30 * DAY).toISOString()
  for (const daysAgo of [20, 12]) await createPartition(fixture.pool, day(daysAgo))
  const minutesOf = (time: number) => partitionAt(MINUTE_ROLLUPS, time)
  await fixture.partitions.ensureRollups([NOW - 30 * DAY, NOW - 100 * DAY])
  // Received today: late, or a clock that stands still and never stops being pending.
  await fixture.store([{ ...reading(NOW), measured_at: measured, measured_at_source: 'device' }])
  await apply({ readings: 10, minutes: 1 })
  expect(await names()).not.toContain(day(20).name)
  expect(await names()).not.toContain(minutesOf(NOW - 100 * DAY).name)
  expect(await names()).toContain(minutesOf(NOW - 30 * DAY).name)
})

test('one wrong clock drops nothing', async () => {
  await createPartition(fixture.pool, day(5))
  await apply({ readings: 10 }, NOW + 1_000 * DAY)
  expect(await names()).toEqual([day(5).name])
  await apply({ readings: 3 }, NOW - 1_000 * DAY)
  expect(await names()).toEqual([day(5).name])
})

test('one writer at a time, and the lock is given back', async () => {
  const other = await fixture.database.pool.connect()
  await other.query('select pg_advisory_lock(7106004)')
  expect(await apply({ readings: 1 })).toBe(false)
  await other.query('select pg_advisory_unlock(7106004)')
  other.release()
  expect(await apply({ readings: 1 })).toBe(true)
  expect(await apply({ readings: 1 })).toBe(true)
})

test('cut short while it waits for a reader, it goes on where it was; inserts never wait', async () => {
  await fixture.store([reading(NOW - 20 * DAY), reading(NOW - 15 * DAY)])
  await fixture.rollUp()
  const reader = await fixture.database.pool.connect()
  try {
    await reader.query('begin transaction isolation level repeatable read')
    await reader.query('select count(*) from device_data_logs')
    const stopping = new AbortController()
    const cancelled = expect(apply({ readings: 10 }, NOW, stopping.signal)).rejects.toThrow(/cancel/)
    await waitFor(async () => (await fixture.rows('select from pg_inherits where inhdetachpending')).length === 1, {
      what: 'the detaching to begin',
    })
    // With the reader still there: stored, and a partition made for it.
    for (let daysAhead = 0; daysAhead < 3; daysAhead += 1) await fixture.store([reading(NOW + daysAhead * DAY)])
    stopping.abort()
    await cancelled
    expect(await tables()).toContain(day(20).name)
  } finally {
    await reader.query('rollback')
    reader.release()
  }
  // The lock goes with the connection, which takes the server a moment.
  await waitFor(() => apply({ readings: 10 }), { what: 'the lock to be free again' })
  expect(await tables()).not.toContain(day(20).name)
  expect(await tables()).not.toContain(day(15).name)
})

test('what a crash left detached is dropped; what an operator detached is kept', async () => {
  for (const daysAgo of [20, 30]) await createPartition(fixture.pool, day(daysAgo))
  await fixture.rows(`comment on table ${day(20).name} is 'detached by retention'`)
  await fixture.rows(`alter table device_data_logs detach partition ${day(20).name}`)
  await fixture.rows(`alter table device_data_logs detach partition ${day(30).name}`)
  await apply({ readings: 10 })
  expect(await tables()).toEqual([day(30).name])
  await fixture.rows(`drop table ${day(30).name}`)
})

test('what an operator detached stays as it is, also when readings of its days still come', async () => {
  await fixture.store([reading(NOW - 20 * DAY)])
  await fixture.rollUp()
  const kept = [day(20).name, partitionAt(MINUTE_ROLLUPS, NOW - 20 * DAY).name]
  await fixture.rows(`alter table device_data_logs detach partition ${kept[0]}`)
  await fixture.rows(`alter table telemetry_rollups_1m detach partition ${kept[1]}`)
  await fixture.rows('create table archive (like telemetry_rollups_1m) partition by range (bucket)')
  await fixture.rows(`alter table archive attach partition ${kept[1]} default`)
  fixture.partitions.forget()
  await fixture.store([reading(NOW - 20 * DAY), reading(NOW - 20 * DAY)])
  await fixture.rollUp()
  expect(await names()).toEqual(expect.arrayContaining(kept.map((name) => `${name}_2`)))
  fixture.partitions.forget()
  await fixture.store([reading(NOW - 20 * DAY)])
  await fixture.rollUp()
  expect(await fixture.rows('select from device_data_logs')).toHaveLength(3)
  await apply({ readings: 10, minutes: 1 })
  for (const name of kept) expect(await fixture.rows(`select from ${name}`), name).toHaveLength(1)
  await fixture.rows(`drop table archive, ${kept[0]}`)
})

test('says since when all is kept: of what was dropped, and never that it is there again', async () => {
  const since = async () =>
    (
      await fixture.rows<{ table: string; since: Date }>(
        'select table_name as table, since from kept_history order by 1',
      )
    ).map(({ table, since: time }) => [table, time.getTime()])
  const month = partitionAt(MINUTE_ROLLUPS, NOW, -3)
  for (const partition of [day(30), day(20), day(5), month]) await createPartition(fixture.pool, partition)
  await fixture.rows('truncate kept_history')
  await apply({})
  expect(await since()).toEqual([])
  await apply({ readings: 10, minutes: 45 })
  const dropped = [
    ['device_data_logs', day(20).to],
    ['telemetry_rollups_1m', month.to],
  ]
  expect(await since()).toEqual(dropped)
  // A device whose clock is years behind.
  await createPartition(fixture.pool, day(2_000))
  await apply({ readings: 90 })
  expect(await names()).not.toContain(day(2_000).name)
  expect(await since()).toEqual(dropped)
})

test('deletes old status events, however many', async () => {
  await fixture.rows(`insert into socket_connection_events (id, at, socket_id, status, detail)
    select gen_random_uuid(), now() - interval '30 minutes' - n * interval '1 hour', gen_random_uuid(), 'online', '{}' from generate_series(1, 6000) n`)
  await apply({ events: 100 })
  expect(await fixture.rows('select count(*)::int from socket_connection_events')).toEqual([{ count: 2_399 }])
})

test('the keeper drops by itself, and stops while it waits for a reader', async () => {
  for (const daysAgo of [20, 30]) await createPartition(fixture.pool, day(daysAgo))
  const reader = await fixture.database.pool.connect()
  await reader.query('begin')
  await reader.query('select count(*) from device_data_logs')
  const logger = pino({ level: 'silent' })
  const { pool, metrics } = fixture
  const keeper = () =>
    createRetentionKeeper({ pool, days: { ...FOR_EVER, readings: 10 }, metrics, logger, now: Date.now, firstAfter: 0 })
  const stopped = keeper()
  stopped.start()
  const detaching = async () => (await fixture.rows('select from pg_inherits where inhdetachpending')).length
  await waitFor(async () => (await detaching()) === 1, { what: 'the detaching to begin' })
  await stopped.stop()
  await reader.query('commit')
  reader.release()
  expect(await detaching()).toBe(1)

  await waitFor(async () => (await fixture.rows(`select from pg_locks where locktype = 'advisory'`)).length === 0, {
    what: 'the lock to be free again',
  })
  const working = keeper()
  working.start()
  await waitFor(async () => (await tables()).length === 0, { what: 'the partitions to be dropped' })
  await working.stop()
})

test('inserts go on while partitions are made, detached and dropped beside readers', async () => {
  const OLD = 40
  for (let daysAgo = 11; daysAgo <= OLD; daysAgo += 1) {
    await fixture.store(Array.from({ length: 20 }, (_, index) => reading(NOW - daysAgo * DAY, 0xa01 + (index % 5))))
  }
  await fixture.rollUp()
  let working = true
  let longest = 0
  let batches = 0
  const write = async () => {
    while (working) {
      const startedAt = performance.now()
      await fixture.store(Array.from({ length: 100 }, (_, index) => reading(NOW + index, 0xb01 + index)))
      longest = Math.max(longest, performance.now() - startedAt)
      batches += 1
    }
  }
  const read = async () => {
    while (working) await fixture.rows('select count(*), pg_sleep(0.02) from device_data_logs')
  }
  const make = async () => {
    for (let ahead = 2; ahead < 30; ahead += 1) await createPartition(fixture.pool, partitionAt(READINGS, NOW, ahead))
  }
  const load = [write(), write(), read(), read()]
  await Promise.all([make(), apply({ readings: 10 })])
  working = false
  await Promise.all(load)
  expect(await fixture.rows(`select from device_data_logs where timestamp < now() - interval '11 days'`)).toEqual([])
  expect((await names()).filter((name) => name.startsWith('device_data_logs'))).toHaveLength(30 - 2 + 1)
  process.stdout.write(
    `${batches} batches of 100 while 28 partitions were made and 30 dropped; the longest took ${longest.toFixed(0)} ms\n`,
  )
}, 60_000)

test('what was noted of late redeliveries goes when no original can come any more', async () => {
  await fixture.rows(`insert into late_redeliveries (socket_id, delivery, received_at, stored_at)
    select gen_random_uuid(), 'x', now(), now() - days * interval '1 day' from unnest(array[13, 15]) as days`)
  await apply({})
  expect(await fixture.rows("select stored_at > now() - interval '14 days' as kept from late_redeliveries")).toEqual([
    { kept: true },
  ])
})
