import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { createRollupFixture, type RollupFixture } from '../testing/rollup-fixture.ts'

let fixture: RollupFixture
beforeAll(async () => {
  fixture = await createRollupFixture()
})
beforeEach(() => fixture.clear())
afterAll(() => fixture?.stop())

const START = Date.UTC(2026, 10, 23, 9)
const iso = (second: number) => new Date(START + second * 1_000).toISOString()
/** The last 8 bytes are the delivery's own; the first ones change with the time of arrival. */
const delivered = (arrival: number, delivery: number) =>
  `${arrival.toString(16).padStart(8, '0')}-0000-7000-8123-${delivery.toString(16).padStart(12, '0')}`

const withClock = (arrival: number, delivery: number, second: number, overrides: Partial<TelemetryMessage> = {}) =>
  telemetryMessage({
    id: delivered(arrival, delivery),
    received_at: iso(arrival),
    measured_at: iso(second),
    measured_at_source: 'device',
    raw: { second },
    ...overrides,
  })
const count = async () => (await fixture.rows('select from device_data_logs')).length

/** Newer readings of the same socket, more than are looked through for one without a clock. */
async function bury(rows: number): Promise<void> {
  await fixture.store(
    Array.from({ length: rows }, (_, index) => withClock(1_000 + index, 1_000 + index, 1_000 + index)),
  )
}

test('a redelivery with a device clock is recognised however many readings came since', async () => {
  await fixture.store([withClock(1, 1, 0)])
  await bury(2_100)
  await fixture.store([withClock(9_000, 1, 0, { redelivered: true })])
  expect(await count()).toBe(2_101)
  // Another delivery at the same instant of the same socket is another reading.
  await fixture.store([withClock(9_001, 2, 0, { redelivered: true })])
  expect(await count()).toBe(2_102)
})

test('also when the clock was refused at first because it was ahead', async () => {
  await fixture.store([withClock(1, 1, 1, { measured_at_source: 'received' })])
  await bury(1_900)
  await fixture.store([withClock(9_000, 1, 400, { redelivered: true })])
  expect(await count()).toBe(1_901)
})

test('a redelivery without a clock is looked for among the newest 2,000 of its socket, over all days', async () => {
  const received = (arrival: number, delivery: number, overrides: Partial<TelemetryMessage> = {}) =>
    withClock(arrival, delivery, arrival, { measured_at_source: 'received', ...overrides })
  await fixture.store([received(-86_400 * 3, 1), received(-86_400, 2)])
  await bury(1_998)
  await fixture.store([received(9_000, 1, { redelivered: true }), received(9_000, 2, { redelivered: true })])
  expect(await count()).toBe(2_000)
  const elsewhere = received(9_000, 1, { redelivered: true, socket_id: testId(0xa02) })
  await fixture.store([elsewhere])
  expect(await count()).toBe(2_001)
})

test('what was left out is left out again when the stream is delivered anew, days later', async () => {
  const received = (arrival: number, delivery: number, overrides: Partial<TelemetryMessage> = {}) =>
    withClock(arrival, delivery, arrival, { measured_at_source: 'received', raw: { delivery }, ...overrides })
  const stream = [
    received(1, 1),
    received(2, 1, { redelivered: true }),
    received(3, 2, { retained: true, raw: { delivery: 1 } }),
  ]
  for (const message of stream) await fixture.store([message])
  expect(await count()).toBe(1)
  await bury(2_100)
  for (const message of stream) await fixture.store([message])
  expect(await count()).toBe(2_101)
})

test('an original that its late redelivery has overtaken is left out, whoever stores it', async () => {
  const original = withClock(1, 1, 1, { measured_at_source: 'received' })
  const redelivery = withClock(300, 1, 300, { measured_at_source: 'received', redelivered: true })
  await fixture.store([redelivery])
  await bury(2_100)
  // Twice: it was not acknowledged the first time.
  await fixture.store([original, withClock(2, 2, 2)])
  await fixture.store([original])
  expect(await count()).toBe(2_102)
  // Packet ids are used again: an equal payload that came before or after is a reading of its own.
  await fixture.store([withClock(0, 1, 0, { measured_at_source: 'received' })])
  await fixture.store([withClock(301, 1, 301, { measured_at_source: 'received' })])
  expect(await count()).toBe(2_104)
  // The same delivery of another socket is another one.
  await fixture.store([withClock(1, 1, 1, { socket_id: testId(0xa02) })])
  expect(await count()).toBe(2_105)
})

test('an original and its late redelivery at two writers at once: one of them is stored', async () => {
  for (let delivery = 0; delivery < 20; delivery += 1) {
    const original = withClock(1, delivery, 1, { measured_at_source: 'received' })
    const redelivery = withClock(300, delivery, 300, { measured_at_source: 'received', redelivered: true })
    await Promise.all([fixture.store([original]), fixture.store([redelivery])])
    expect(await count()).toBe(delivery + 1)
  }
})

test('a retained snapshot with a device clock is recognised however many readings came since', async () => {
  await fixture.store([withClock(1, 1, 0, { raw: { second: 0, voltage: 1 } })])
  await bury(150)
  await fixture.store([withClock(9_000, 2, 0, { retained: true, raw: { voltage: 1.0, second: 0 } })])
  expect(await count()).toBe(151)
  await fixture.store([withClock(9_001, 3, 0, { retained: true, raw: { voltage: 2, second: 0 } })])
  expect(await count()).toBe(152)
})
