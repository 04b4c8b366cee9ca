import { createMigratedDatabase, type MigratedDatabase } from '@iomt/database/testing/migrated-database'
import fc from 'fast-check'
import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollUp, type StoredReading, storedReading, storeReadings } from '../testing/stored-readings.ts'
import type { EnergyQuestion } from './energy-query.ts'
import { periodsOf } from './periods.ts'
import { splitHoursOf } from './point-bins.ts'
import { rounded } from './point-text.ts'
import { readEnergy } from './read-energy.ts'
import { steadySockets } from './steady-sockets.ts'
import { createTimeZoneClock } from './time-zone-clock.ts'

const HOUR = 3_600_000
const NOW = new Date('2026-11-23T12:25:00Z')
const START = Date.parse('2026-11-19T00:00:00Z')
const sockets = [newId(), newId(), newId(), newId()]
const devices = [newId(), newId()]
let migrated: MigratedDatabase
beforeAll(async () => {
  migrated = await createMigratedDatabase()
  await storeReadings(migrated.pool, inventReadings())
  // The last minutes are not rolled up yet.
  await rollUp(migrated.pool, new Date(NOW.getTime() - 6 * 60_000))
}, 60_000)
afterAll(() => migrated.drop())

/** Counters with resets, silences of any length, and devices that change places, some within an hour; the last is silent for days. */
function inventReadings(): StoredReading[] {
  const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { numRuns: 40_000, seed: 20_261_123 }).values()
  const next = () => random.next().value as number
  return sockets.flatMap((socketId, index) => {
    const readings: StoredReading[] = []
    let [time, counter, device] = [START + index * 5 * HOUR, 5, index % 2]
    while (time < NOW.getTime()) {
      const deviceId = index === 0 ? null : (devices[device] as string)
      readings.push(
        storedReading({ socketId, deviceId, measuredAt: new Date(time), measurements: { energy: counter } }),
      )
      const chance = next()
      const silent = index === 3 && readings.length === 200 ? 60 : chance > 0.99 ? next() * 5 : 0
      time += Math.round((0.05 + next() * 0.15 + silent) * HOUR)
      counter = chance < 0.01 ? next() : counter + next()
      if (chance > 0.4 && chance < 0.42) device = 1 - device
    }
    return readings
  })
}

test('read in stretches of any length, energy and silences are those of the whole range', async () => {
  const { database } = migrated
  const hours = fc.integer({ min: -10, max: 110 })
  const cases = fc.sample(
    fc.record({
      begin: hours,
      length: fc.integer({ min: 1, max: 140 }),
      of: fc.constantFrom<[string[], string | null]>(
        [sockets, null],
        [sockets.slice(0, 1), null],
        [sockets, devices[0] as string],
      ),
      zone: fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York'),
      rows: fc.integer({ min: 1, max: 100 }),
    }),
    { numRuns: 150, seed: Number(process.env['FUZZ_SEED'] ?? 20_261_123) },
  )
  let cut = 0
  for (const {
    begin,
    length,
    of: [asked, deviceId],
    zone,
    rows,
  } of cases) {
    const from = START + begin * HOUR
    const to = from + length * HOUR
    const periods = periodsOf('day', createTimeZoneClock(zone), from, to, 100)
    const starts = periods.map((period) => period.from)
    const range = { from: new Date(from), to: new Date(to) }
    const question: EnergyQuestion = {
      ...range,
      sockets: asked,
      steady: await steadySockets(database, asked, range),
      deviceId,
      splitHours: splitHoursOf(starts, new Date(START)),
      now: NOW,
    }
    const whole = await readEnergy(database, question, periods)
    const parts = await readEnergy(database, question, periods, { maxRows: rows })
    const shown = ({ consumed, silent, sockets: meters }: typeof whole) => ({
      consumed: consumed.map((kwh) => kwh && rounded(kwh)),
      silent: periods.map((_, index) => silent.milliseconds(index)),
      complete: periods.map((_, index) => silent.coverage(index, index, meters).complete),
      meters,
    })
    const what = JSON.stringify({ begin, length, deviceId, sockets: asked.length, zone, rows })
    expect(shown(parts), what).toEqual(shown(whole))
    if (length * asked.length > rows && shown(whole).silent.some((time) => time > 0)) cut += 1
  }
  // The questions must be cut, or the test says nothing.
  expect(cut).toBeGreaterThan(40)
}, 60_000)

test('it ends between two stretches when nobody waits for it any more', async () => {
  const range = { from: new Date(START), to: NOW }
  const question: EnergyQuestion = {
    ...range,
    sockets,
    steady: new Set<string>(),
    deviceId: null,
    splitHours: [],
    now: NOW,
  }
  const gone = new AbortController()
  const reading = readEnergy(migrated.database, question, [{ from: START, to: NOW.getTime() }], {
    signal: gone.signal,
    maxRows: 1,
  })
  setImmediate(() => gone.abort(new Error('gone')))
  await expect(reading).rejects.toThrow('gone')
})
