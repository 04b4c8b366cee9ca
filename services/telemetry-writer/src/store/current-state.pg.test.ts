import { MEASUREMENT_NAMES, type Measurements } from '@iomt/contracts/measurements'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeviceState, mergeReadings } from '../batch/merge-state.ts'
import { readingOf, telemetryMessage, testId } from '../testing/messages.ts'
import { mergeIntoCurrentState } from './current-state.ts'
import type { Reading } from './reading.ts'

let database: MigratedDatabase
beforeAll(async () => {
  database = await createMigratedDatabase()
})
afterAll(() => database.drop())

const DEVICES = [1, 2, 3].map((number) => `0190a000-0000-7000-8000-00000000000${number}`)
const START = Date.UTC(2026, 10, 23)

const measurements = fc.record(
  { voltage: fc.nat(9), current: fc.constant(0), energy: fc.nat(9), relay_on: fc.boolean() },
  { requiredKeys: [] },
)
const keyed = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.nat(9))
const anyReading = fc
  .record({
    device: fc.nat(2),
    // Mostly forward, now and then late.
    clock: fc.oneof(
      { weight: 5, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: -30, max: 0 }) },
    ),
    retained: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    source: fc.constantFrom('device' as const, 'received' as const),
    measurements,
    extra: keyed,
    phases: fc.option(fc.dictionary(fc.constantFrom('l1', 'l2'), measurements), { nil: undefined }),
  })
  .map(({ device, source, phases, ...rest }) => ({ deviceId: DEVICES[device] as string, source, phases, ...rest }))
const batches = fc.array(fc.array(anyReading, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 })

test('batch by batch the table holds what merging reading by reading gives', async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (plan) => {
      await database.pool.query('truncate device_current_state')
      const expected = new Map<string, DeviceState>()
      let clock = START
      for (const batch of plan) {
        const readings = batch.map((planned): Reading => {
          clock += 1_000
          const measuredAt = clock + planned.clock * 1_000
          const message = telemetryMessage({
            id: testId(clock),
            device_id: planned.deviceId,
            retained: planned.retained,
            measured_at_source: planned.source,
            measurements: planned.measurements as Measurements,
            extra: planned.extra,
            ...(planned.phases ? { phases: planned.phases as Record<string, Measurements> } : {}),
          })
          return { ...readingOf(message), measuredAt, receivedAt: clock }
        })
        const client = await database.pool.connect()
        try {
          await mergeIntoCurrentState(client, readings)
        } finally {
          client.release()
        }
        for (const deviceId of DEVICES) {
          const ofDevice = readings
            .filter((reading) => reading.deviceId === deviceId)
            .map((reading) => ({ ...reading, deviceId }))
          const after = mergeReadings(expected.get(deviceId) ?? null, ofDevice)
          if (after) expected.set(deviceId, after)
        }
      }
      const { rows } = await database.pool.query('select * from device_current_state')
      const found = new Map(rows.map((row) => [row.device_id as string, row]))
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
      for (const [deviceId, state] of expected) {
        const row = found.get(deviceId)
        expect({
          socket_id: row.socket_id,
          measurements: Object.fromEntries(
            MEASUREMENT_NAMES.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]])),
          ),
          phases: entriesOf(row.phases),
          extra: entriesOf(row.extra),
          measured_at: row.measured_at.getTime(),
          last_seen_at: row.last_seen_at.getTime(),
        }).toEqual({
          socket_id: state.socket_id,
          measurements: { ...state.measurements },
          phases: entriesOf(state.phases),
          extra: entriesOf(state.extra),
          measured_at: state.measured_at,
          last_seen_at: state.last_seen_at,
        })
      }
    }),
    { numRuns: 150 },
  )
})

/** As a map, so that `__proto__` is a key like any other, and in no order, since jsonb keeps none. */
const entriesOf = (record: object | null) => record && new Map(Object.entries(record))
