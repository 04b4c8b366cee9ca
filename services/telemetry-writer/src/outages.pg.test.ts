import { waitFor } from '@iomt/testing/wait-for'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { telemetryMessage, testId } from './testing/messages.ts'
import { createWriterFixture, type WriterFixture } from './testing/writer-fixture.ts'

let fixture: WriterFixture
beforeEach(async () => {
  fixture = await createWriterFixture()
})
afterEach(() => fixture?.stop())

const publish = (from: number, to: number) =>
  Promise.all(
    Array.from({ length: to - from }, (_, index) => fixture.publish(telemetryMessage({ id: testId(from + index) }))),
  )

async function refuseConnections(refuse: boolean): Promise<void> {
  const name = new URL(fixture.database.url).pathname.slice(1)
  const url = new URL(fixture.database.url)
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`alter database ${name} allow_connections ${!refuse}`)
  if (refuse) await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  await client.end()
}

test('while the database is away nothing is acknowledged and memory is bounded; afterwards everything is stored', async () => {
  const writer = await fixture.startWriter({ BATCH_SIZE: '50' })
  await publish(0, 10)
  await fixture.stored(10)
  await refuseConnections(true)
  await publish(10, 500)
  // Three batches; it asks for no more while it holds more than half of them.
  const held = await waitFor(
    async () => {
      const info = await fixture.bus.manager.consumers.info('IOMT_TELEMETRY', 'telemetry-writer')
      return info.num_ack_pending > 75 && info
    },
    { what: 'the writer to hold what it may' },
  )
  expect(held.num_ack_pending).toBeLessThanOrEqual(150)
  expect(held.num_pending + held.num_ack_pending).toBe(490)
  const ready = await fetch(`http://127.0.0.1:${writer.healthPort()}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('database')])
  await refuseConnections(false)
  await fixture.stored(500)
  await fixture.settled()
})

test('goes on after the nats-server was killed, and after its consumer and its stream were deleted', async () => {
  await fixture.startWriter()
  await publish(0, 10)
  await fixture.stored(10)
  await fixture.nats.kill9()
  await fixture.nats.restart()
  await waitFor(() => fixture.publish(telemetryMessage({ id: testId(10) })).then(() => true), {
    what: 'NATS to be back',
  })
  await fixture.stored(11)

  await fixture.bus.manager.consumers.delete('IOMT_TELEMETRY', 'telemetry-writer')
  await publish(11, 20)
  // nats-server 2.9 leaves requests to a deleted consumer unanswered; the writer looks after 5 s of silence.
  await fixture.stored(20, 20_000)

  await fixture.bus.manager.streams.delete('IOMT_TELEMETRY')
  await waitFor(() => fixture.publish(telemetryMessage({ id: testId(20) })).then(() => true), {
    what: 'the stream to be back',
    timeout: 20_000,
  })
  await fixture.stored(21, 20_000)
}, 60_000)

test('a stopping writer stores what it holds, without waiting for more', async () => {
  const writer = await fixture.startWriter({ BATCH_SIZE: '15', BATCH_LINGER_MS: '10000' })
  const obstacle = await fixture.database.pool.connect()
  await obstacle.query('begin; lock table device_current_state')
  await publish(0, 20)
  await waitFor(
    async () => (await fixture.bus.manager.consumers.info('IOMT_TELEMETRY', 'telemetry-writer')).num_ack_pending === 20,
    { what: 'the writer to hold 20 messages, a batch and a part of one' },
  )
  const stopped = writer.stop()
  await obstacle.query('rollback')
  obstacle.release()
  await stopped
  await fixture.stored(20)
  await fixture.settled()
})

test('a message above the batch limit in bytes is stored, and so are its neighbours', async () => {
  await fixture.startWriter({ BATCH_BYTES: '20000' })
  const large = { text: 'x'.repeat(6_000_000) }
  for (let id = 0; id < 6; id += 1) {
    await fixture.publish(telemetryMessage({ id: testId(id), raw: id % 2 === 0 ? large : {} }))
  }
  await fixture.stored(6)
  await fixture.settled()
})

test('a batch that the database gives up is tried in halves, and a single reading again and again', async () => {
  await fixture.startWriter()
  const lock = await fixture.database.pool.connect()
  await lock.query('begin; lock table device_current_state')
  await publish(0, 8)
  const cancelled = new Set<string>()
  const cancel = async () => {
    const waiting = await fixture.rows<{ statement: string }>(`
      select pid || ' ' || query_start as statement, pg_cancel_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'iomt-telemetry-writer' and wait_event_type = 'Lock'`)
    for (const { statement } of waiting) cancelled.add(statement)
  }
  // From eight at once to one, and that one three times more.
  await waitFor(async () => cancel().then(() => cancelled.size >= 6), { what: 'six attempts', interval: 10 })
  await lock.query('rollback')
  lock.release()
  await fixture.stored(8)
  await fixture.settled()
  expect((await fixture.bus.manager.streams.info('IOMT_DEADLETTER')).state.messages).toBe(0)
})

test('what cannot be stored waits for a full dead-letter stream, and readings are stored meanwhile', async () => {
  const writer = await fixture.startWriter({ BATCH_SIZE: '20' })
  const { streams } = fixture.bus.manager
  await streams.update('IOMT_DEADLETTER', { max_msgs: 1 })
  const publishRefused = (count: number) =>
    Promise.all(Array.from({ length: count }, () => fixture.publish(Buffer.from('{"v":1}'))))
  const unacknowledged = async () =>
    (await fixture.bus.manager.consumers.info('IOMT_TELEMETRY', 'telemetry-writer')).num_ack_pending
  await publishRefused(4)
  await publish(0, 100)
  await fixture.stored(100)
  await waitFor(async () => (await unacknowledged()) === 3, { what: 'three to be held' })

  // A batch of them is as much as it holds.
  await publishRefused(40)
  await publish(100, 200)
  const readiness = async () => (await fetch(`http://127.0.0.1:${writer.healthPort()}/readyz`)).text()
  await waitFor(async () => (await readiness()).includes('dead-letter stream'), { what: 'the obstacle' })
  expect(await unacknowledged()).toBeLessThanOrEqual(60)

  await streams.update('IOMT_DEADLETTER', { max_msgs: -1 })
  await fixture.stored(200)
  await fixture.settled()
  expect((await streams.info('IOMT_DEADLETTER')).state.messages).toBe(44)
  expect(await readiness()).not.toContain('dead-letter stream')
})

test('a stream that is smaller than what comes through it does not fill up', async () => {
  await fixture.startWriter()
  await fixture.bus.manager.streams.update('IOMT_TELEMETRY', { max_msgs: 100 })
  for (let round = 1; round <= 3; round += 1) {
    await waitFor(async () => (await fixture.bus.manager.streams.info('IOMT_TELEMETRY')).state.messages <= 50, {
      what: 'room in the stream',
      timeout: 15_000,
    })
    await publish(50 * (round - 1), 50 * round)
    await fixture.stored(50 * round)
  }
}, 60_000)
