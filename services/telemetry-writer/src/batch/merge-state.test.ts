import { MEASUREMENT_NAMES } from '@iomt/contracts/measurements'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DeviceState, mergeReading, mergeReadings, type StateReading } from './merge-state.ts'

function reading(measuredAt: number, fields: Partial<StateReading> = {}, receivedAt = measuredAt): StateReading {
  return {
    socketId: 'socket',
    deviceId: 'device',
    measuredAt,
    receivedAt,
    measuredAtSource: 'device',
    retained: false,
    measurements: {},
    phases: null,
    extra: null,
    ...fields,
  }
}

const merge = (...readings: StateReading[]) => readings.reduce<DeviceState | null>(mergeReading, null) as DeviceState

test('a partial message keeps the other fields; 0 and false are values', () => {
  const state = merge(
    reading(1, { measurements: { voltage: 230, current: 2, relay_on: true } }),
    reading(2, { measurements: { current: 0, relay_on: false } }),
  )
  expect(state.measurements).toEqual({ voltage: 230, current: 0, relay_on: false })
  expect(state.measured_at).toBe(2)
})

test('an older reading overwrites nothing and fills what was never measured', () => {
  const state = merge(
    reading(10, { socketId: 'new', measurements: { voltage: 230, power_factor: 0 }, extra: { mode: 'a' } }),
    reading(
      5,
      { socketId: 'old', measurements: { voltage: 1, power_factor: 1, energy: 7 }, extra: { mode: 'b', phase: 1 } },
      20,
    ),
  )
  expect(state).toMatchObject({
    socket_id: 'new',
    measured_at: 10,
    last_seen_at: 20,
    measurements: { voltage: 230, power_factor: 0, energy: 7 },
    extra: { mode: 'a', phase: 1 },
  })
})

test('extra and phases merge by their top-level keys', () => {
  const state = merge(
    reading(1, { extra: { a: { x: 1, y: 1 }, b: 1 }, phases: { l1: { voltage: 1, current: 1 } } }),
    reading(2, { extra: { a: { x: 2 } }, phases: { l1: { voltage: 2 }, l2: { voltage: 3 } } }),
  )
  expect(state.extra).toEqual({ a: { x: 2 }, b: 1 })
  expect(state.phases).toEqual({ l1: { voltage: 2 }, l2: { voltage: 3 } })
})

test('a snapshot without a clock fills only a device that has no state', () => {
  const snapshot = reading(100, {
    retained: true,
    measuredAtSource: 'received',
    measurements: { voltage: 1, energy: 1 },
  })
  const live = reading(50, { measurements: { voltage: 230 } })
  expect(merge(snapshot).measurements).toEqual({ voltage: 1, energy: 1 })
  expect(merge(live, snapshot)).toEqual(merge(live))
})

test('a snapshot with a clock is merged by it and is no sign of life', () => {
  const live = reading(50, { measurements: { voltage: 230 } })
  const older = reading(40, { retained: true, measurements: { voltage: 1, energy: 1 } }, 900)
  expect(merge(live, older)).toMatchObject({ measurements: { voltage: 230, energy: 1 }, last_seen_at: 50 })
})

const measurements = fc.record(
  { voltage: fc.nat(), current: fc.constant(0), energy: fc.nat(), relay_on: fc.boolean() },
  { requiredKeys: [] },
)
const extra = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.nat())
const inOrder = fc
  .array(fc.record({ step: fc.nat(2), delay: fc.nat(5), measurements, extra }), { minLength: 1, maxLength: 30 })
  .map((steps) => {
    let clock = 0
    return steps.map(({ step, delay, ...fields }) => {
      clock += step
      return reading(clock, fields, clock + delay)
    })
  })

/** The model: the last value that any reading carried, field by field. */
function lastValues(readings: readonly StateReading[]) {
  const values: Record<string, unknown> = {}
  const extras = new Map<string, unknown>()
  for (const { measurements, extra } of readings) {
    for (const name of MEASUREMENT_NAMES) if (name in measurements) values[name] = measurements[name]
    for (const [key, value] of Object.entries(extra ?? {})) extras.set(key, value)
  }
  return { values, extras }
}

test('any division of readings into batches, in any order within a batch of distinct clocks, gives the same state', () => {
  fc.assert(
    fc.property(
      inOrder,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 30, maxLength: 30 }),
      (readings, sizes) => {
        let state: DeviceState | null = null
        let from = 0
        for (const size of sizes) {
          const batch = readings.slice(from, from + size)
          from += size
          if (batch.length === 0) continue
          const clocks = new Set(batch.map(({ measuredAt }) => measuredAt))
          state = mergeReadings(state, clocks.size === batch.length ? batch.toReversed() : batch)
        }
        const merged = state as DeviceState | null
        const model = lastValues(readings)
        expect({ ...merged?.measurements }).toEqual(model.values)
        expect(new Map(Object.entries(merged?.extra ?? {}))).toEqual(model.extras)
        expect(merged?.measured_at).toBe(readings.at(-1)?.measuredAt)
        expect(merged?.last_seen_at).toBe(Math.max(...readings.map(({ receivedAt }) => receivedAt)))
      },
    ),
  )
})

test('no order of arrival lets an older reading win over a newer one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 20 }), (clocks) => {
      const readings = clocks.map((clock) => reading(clock, { measurements: { voltage: clock, energy: clock } }))
      const newest = Math.max(...clocks)
      expect(merge(...readings)).toMatchObject({
        measured_at: newest,
        measurements: { voltage: newest, energy: newest },
      })
    }),
  )
})
