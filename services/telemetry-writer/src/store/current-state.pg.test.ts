import { MEASUREMENT_NAMES, type Measurements } from '@iomt/contracts/measurements'
import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeviceState, mergeReadings } from '../batch/merge-state.ts'
import { telemetryMessage, testId } from '../testing/messages.ts'
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
          return { message, rawJson: '{}', measuredAt, receivedAt: clock }
        })
        const client = await database.pool.connect()
        try {
          await mergeIntoCurrentState(client, readings)
        } finally {
          client.release()
        }
        for (const deviceId of DEVICES) {
          const ofDevice = readings
            .filter(({ message }) => message.device_id === deviceId)
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

test('a small batch is planned once and a large one for its size, and both lay down the same', async () => {
  const devices = Array.from({ length: 600 }, (_, index) => testId(0xf000 + index))
  // A connection of its own: the plans are the connection's.
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    await client.query('truncate device_current_state')
    const merge = (ids: readonly string[], second: number) => {
      const measuredAt = START + second * 1_000
      const measurements = { voltage: second }
      const readings = ids.map((device_id): Reading => {
        const message = telemetryMessage({ id: testId(second), device_id, measurements })
        return { message, rawJson: '{}', measuredAt, receivedAt: measuredAt }
      })
      return mergeIntoCurrentState(client, readings)
    }
    const statesAt = async (second: number) =>
      (await client.query('select from device_current_state where voltage = $1', [second])).rowCount
    await merge(devices, 0)
    for (let second = 1; second <= 7; second += 1) await merge(devices.slice(0, 5), second)
    expect([await statesAt(7), await statesAt(0)]).toEqual([5, 595])
    await merge(devices, 8)
    expect(await statesAt(8)).toBe(600)

    const kept = await client.query<{ name: string; planned: number; used: number }>(
      `select name, custom_plans::int as planned, generic_plans::int as used from pg_prepared_statements
       where name like '%_states' order by name`,
    )
    // 5 plans made, 2 uses of the one kept; those of 600 are not among them.
    expect(kept.rows).toEqual(['advance_states', 'lock_states'].map((name) => ({ name, planned: 5, used: 2 })))
  } finally {
    await client.end()
  }
})

/** As a map, so that `__proto__` is a key like any other, and in no order, since jsonb keeps none. */
const entriesOf = (record: object | null) => record && new Map(Object.entries(record))
