import { startServiceProcess } from '@iomt/testing/service-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { telemetryMessage, testId } from './testing/messages.ts'
import { createWriterFixture, type WriterFixture } from './testing/writer-fixture.ts'

let fixture: WriterFixture
beforeAll(async () => {
  fixture = await createWriterFixture()
})
afterAll(() => fixture?.stop())

const pending = async () => {
  const info = await fixture.bus.manager.consumers.info('IOMT_TELEMETRY', 'telemetry-writer')
  return info.num_pending + info.num_ack_pending
}

test('killed between COMMIT and acknowledgement: everything is delivered again and stored once', async () => {
  const env = {
    PORT: '0',
    DATABASE_URL: fixture.database.url,
    NATS_URL: fixture.nats.url,
    BATCH_SIZE: '40',
    FAILPOINTS: 'enabled',
    FAILPOINT: 'after-commit',
    FAILPOINT_AFTER: '100',
  }
  const doomed = await startServiceProcess({ name: 'telemetry-writer', main: new URL('main.ts', import.meta.url), env })
  await Promise.all(
    Array.from({ length: 400 }, (_, index) =>
      fixture.publish(telemetryMessage({ id: testId(index), measurements: { energy: index } })),
    ),
  )
  expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' })
  const [row] = await fixture.rows<{ count: string }>('select count(*) from device_data_logs')
  const committed = Number(row?.count)
  expect(committed).toBeGreaterThan(100)
  // The window is real: rows are there, and their messages are not acknowledged.
  expect(await pending()).toBeGreaterThan(400 - committed)

  const writer = await fixture.startWriter()
  // What the killed one held comes back when its ack_wait of 10 s is over.
  await expect.poll(pending, { timeout: 45_000, interval: 250 }).toBe(0)
  await fixture.stored(400)
  const metrics = await (await fetch(`http://127.0.0.1:${writer.healthPort()}/metrics`)).text()
  expect(Number(/^iomt_writer_duplicates_total\S* (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0)
  await writer.stop()
})

test('frozen within a transaction: another writer stores its readings, and none is stored twice when it thaws', async () => {
  await fixture.rows('truncate device_data_logs, device_current_state')
  const env = { PORT: '0', DATABASE_URL: fixture.database.url, NATS_URL: fixture.nats.url }
  const frozen = await startServiceProcess({ name: 'telemetry-writer', main: new URL('main.ts', import.meta.url), env })
  const inTransaction = async () =>
    fixture.rows<{ state: string }>(
      `select state from pg_stat_activity
       where datname = current_database() and application_name = 'iomt-telemetry-writer' and query ilike '%device_current_state%'`,
    )
  // Its transaction has copied the readings and waits, so that it is surely within it.
  const holder = await fixture.database.pool.connect()
  await holder.query('begin; lock table device_current_state')
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => fixture.publish(telemetryMessage({ id: testId(10_000 + index) }))),
  )
  await expect.poll(inTransaction, { timeout: 20_000 }).toContainEqual({ state: 'active' })
  frozen.freeze()
  await holder.query('rollback')
  holder.release()
  await expect.poll(inTransaction, { timeout: 20_000 }).toContainEqual({ state: 'idle in transaction' })

  await fixture.startWriter()
  await fixture.stored(100, 45_000)
  frozen.resume()
  await expect.poll(pending, { timeout: 45_000, interval: 250 }).toBe(0)
  await fixture.stored(100)
  await frozen.kill9()
}, 120_000)
