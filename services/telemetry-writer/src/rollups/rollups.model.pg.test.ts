import { NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { telemetryMessage, testId } from '../testing/messages.ts'
import { createRollupFixture, type RollupFixture } from '../testing/rollup-fixture.ts'
import { type ModelRow, modelRollups } from '../testing/rollup-model.ts'

let fixture: RollupFixture
beforeAll(async () => {
  fixture = await createRollupFixture()
})
afterAll(() => fixture?.stop())

/** Around the end of a month, so that minutes lie in two hours, days, months. */
const START = Date.UTC(2026, 10, 30, 22, 58)
const iso = (milliseconds: number) => new Date(milliseconds).toISOString()

/** A counter that mostly grows, sometimes stands still, sometimes starts again; the index of a reading is its time. */
const measurements = fc.record(
  {
    ...Object.fromEntries(
      NUMERIC_MEASUREMENTS.map((name) => [name, fc.integer({ min: -3, max: 3 }).map((n) => n / 4)]),
    ),
    energy: fc.oneof(
      fc.integer({ min: 0, max: 500 }).map((n) => n / 100),
      fc.constant(0),
    ),
    relay_on: fc.boolean(),
  },
  { requiredKeys: [] },
)

const reading = fc.record({
  socket: fc.constantFrom(0xa01, 0xa02),
  device: fc.constantFrom<number | null>(null, 0xd01, 0xd02),
  // Few minutes, and few instants in them: equal clocks happen.
  minute: fc.constantFrom<number>(0, 1, 2, 60, 61, 62, 63, 1_439, 1_440, 1_500, 10_000),
  millisecond: fc.constantFrom<number>(0, 1, 500, 30_000, 59_999),
  /** Seconds from the measuring to the arrival; a device clock may be up to 5 minutes ahead. */
  delay: fc.constantFrom<number>(-300, 0, 1, 5, 3_600, 90_000, 3_000_000),
  clock: fc.boolean(),
  retained: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  measurements,
})

/**
 * Of a bucket it is known when its first and last reading came, not which of them carried the counter: beside other devices every
 * reading does, and none comes in the instant of another device's.
 */
const partial = reading.map((each) => ({ ...each, device: each.socket === 0xa01 ? null : 0xd01 }))
const amongOthers = reading.map((each) => ({
  ...each,
  millisecond: each.millisecond - (each.millisecond % 10) + [null, 0xd01, 0xd02].indexOf(each.device),
  measurements: { energy: each.millisecond / 1_000, ...each.measurements },
}))

const batches = (readings: typeof reading) =>
  fc.array(
    fc.record({
      readings: fc.array(readings, { minLength: 1, maxLength: 12 }),
      /** How the worker interferes after the batch; null: not at all. */
      round: fc.option(
        fc.record({
          minutes: fc.integer({ min: 1, max: 3 }),
          until: fc.constantFrom(START + 3_700_000, Date.UTC(2099, 0)),
        }),
      ),
    }),
    { minLength: 1, maxLength: 8 },
  )

/** Sums depend on the order of their terms in the last digits. */
function rounded(rows: ReadonlyMap<string, ModelRow>): Record<string, ModelRow> {
  const entries = [...rows].toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(
    entries.map(([key, row]) => [
      key,
      Object.fromEntries(
        Object.entries(row)
          .toSorted(([left], [right]) => (left < right ? -1 : 1))
          .map(([name, value]) => [name, typeof value === 'number' ? Math.round(value * 1e9) / 1e9 + 0 : value]),
      ),
    ]),
  )
}

test('in whatever order readings arrive and rounds run, the rollups are those of all readings', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(batches(partial), batches(amongOthers)), async (work) => {
      await fixture.clear()
      const stored: TelemetryMessage[] = []
      for (const { readings, round } of work) {
        const messages = readings.map((each, index) => {
          const measuredAt = START + each.minute * 60_000 + each.millisecond
          const receivedAt = iso(each.clock ? measuredAt + each.delay * 1_000 : measuredAt)
          return telemetryMessage({
            id: testId(stored.length + index + 1),
            socket_id: testId(each.socket),
            device_id: each.device === null ? null : testId(each.device),
            received_at: receivedAt,
            measured_at: iso(measuredAt),
            measured_at_source: each.clock ? 'device' : 'received',
            retained: each.retained,
            measurements: each.measurements,
            raw: { number: stored.length + index },
          })
        })
        await fixture.store(messages)
        stored.push(...messages)
        if (round) await fixture.rollUp({ minutes: round.minutes, endedBy: round.until })
      }
      while ((await fixture.rollUp({ minutes: 4 })) !== 0);
      for (const unit of ['minute', 'hour', 'day'] as const) {
        expect(rounded(await fixture.rollups(unit)), unit).toEqual(rounded(modelRollups(stored, unit)))
      }
    }),
    { numRuns: Number(process.env.ROLLUP_MODEL_RUNS ?? 25) },
  )
}, 120_000)
