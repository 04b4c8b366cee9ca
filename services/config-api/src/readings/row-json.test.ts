import { expect, test } from 'vitest'
import { isoTime, measurementsJson } from './row-json.ts'

test('the text of Postgres becomes JSON: numbers as they are, absences left out, what is no number too', () => {
  const values = ['id', '230.5', '0', '1e-05', null, 'NaN', '-Infinity', 'f']
  const names = ['voltage', 'current', 'active_power', 'energy', 'temperature', 'frequency', 'relay_on'] as const
  const expected = { voltage: 230.5, current: 0, active_power: 0.00001, relay_on: false }
  expect(JSON.parse(measurementsJson(values, 1, names))).toEqual(expected)
  expect(measurementsJson([null], 0, ['energy'])).toBe('{}')
})

test('times are in UTC with milliseconds, whatever zone and digits Postgres shows', () => {
  expect(isoTime('2026-11-23 09:00:00+00')).toBe('2026-11-23T09:00:00.000Z')
  expect(isoTime('2026-11-23 09:00:00.1+00')).toBe('2026-11-23T09:00:00.100Z')
  expect(isoTime('2026-11-23 09:00:00.123999+00')).toBe('2026-11-23T09:00:00.123Z')
  expect(isoTime('2026-11-23 16:00:00.123999+07')).toBe('2026-11-23T09:00:00.123Z')
  expect(isoTime('2026-11-23 14:30:00.5+05:30')).toBe('2026-11-23T09:00:00.500Z')
  expect(isoTime('2026-11-23 05:00:00-04')).toBe('2026-11-23T09:00:00.000Z')
})
