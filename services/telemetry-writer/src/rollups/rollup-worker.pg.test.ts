import { waitFor } from '@iomt/testing/wait-for'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { createRollupFixture, type RollupFixture } from '../testing/rollup-fixture.ts'
import { createWriterFixture } from '../testing/writer-fixture.ts'
import { createRollupWorker } from './rollup-worker.ts'

let fixture: RollupFixture
beforeAll(async () => {
  fixture = await createRollupFixture()
})
beforeEach(() => fixture.clear())
afterAll(() => fixture?.stop())

const startWorker = () => {
  const { pool, partitions, metrics } = fixture
  const logger = pino({ level: 'silent' })
  const pace = { interval: 20, quietSeconds: 0 }
  const worker = createRollupWorker({ pool, partitions, metrics, now: Date.now, logger, pace })
  worker.start()
  return worker
}
const lag = async () => (await fixture.metrics.rollupLag.get()).values[0]?.value ?? Number.NaN
const days = async () => (await fixture.rollups('day')).size

test('works off what is pending, shows the lag, and goes on after a failure', async () => {
  await fixture.store([
    telemetryMessage({ id: testId(1), received_at: new Date(Date.now() - 3_600_000).toISOString() }),
  ])
  await fixture.rows(`update rollup_pending set recorded_at = now() - interval '10 minutes'`)
  await fixture.rows('alter table telemetry_rollups_1d rename to out_of_the_way')
  const worker = startWorker()
  try {
    // Nothing of a round that fails at its end stays, and the lag says so.
    await waitFor(async () => (await lag()) > 599, { what: 'the lag of a failing round' })
    expect(await fixture.rows('select from telemetry_rollups_1m')).toEqual([])
    await fixture.rows('alter table out_of_the_way rename to telemetry_rollups_1d')
    await waitFor(async () => (await days()) === 1, { what: 'the rollup' })
    await waitFor(async () => (await lag()) === 0, { what: 'the lag to be gone' })
  } finally {
    await worker.stop()
  }
})

test('two workers share a backlog of many minutes, and a stopped one leaves a round whole', async () => {
  const start = Date.UTC(2026, 10, 1)
  const at = (minute: number) => new Date(start + minute * 60_000).toISOString()
  for (let batch = 0; batch < 3; batch += 1) {
    await fixture.store(
      Array.from({ length: 100 }, (_, index) => {
        const minute = batch * 100 + index
        return telemetryMessage({ id: testId(minute), received_at: at(minute) })
      }),
    )
  }
  const [first, second] = [startWorker(), startWorker()]
  await waitFor(async () => (await fixture.rollups('minute')).size > 0, { what: 'a round' })
  await first.stop()
  await waitFor(async () => (await fixture.rows('select from rollup_pending')).length === 0, { what: 'the backlog' })
  await second.stop()
  expect([...(await fixture.rollups('day')).values()].map(({ readings }) => readings)).toEqual([300])
})

test('a writer rolls up what it has stored, and is ready whether it can or not', async () => {
  const whole = await createWriterFixture()
  try {
    const writer = await whole.startWriter()
    await whole.rows('alter table telemetry_rollups_1d rename to out_of_the_way')
    await whole.publish(telemetryMessage({ id: testId(1), received_at: new Date(Date.now() - 120_000).toISOString() }))
    const read = async (path: string) => await fetch(`http://127.0.0.1:${writer.healthPort()}${path}`)
    const shownLag = async () =>
      Number(/^iomt_writer_rollup_lag_seconds\S* (\S+)$/m.exec(await (await read('/metrics')).text())?.[1])
    await waitFor(async () => (await shownLag()) > 0, { what: 'the lag', timeout: 15_000 })
    expect((await read('/readyz')).status).toBe(200)
    await whole.rows('alter table out_of_the_way rename to telemetry_rollups_1d')
    await waitFor(async () => (await whole.rows('select from telemetry_rollups_1d')).length === 1, { what: 'the day' })
    await waitFor(async () => (await shownLag()) === 0, { what: 'the lag to be gone' })
    expect(await (await read('/metrics')).text()).toContain('# TYPE iomt_writer_partitions_dropped_total counter')
  } finally {
    await whole.stop()
  }
}, 60_000)
