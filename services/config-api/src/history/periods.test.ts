import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUtc, localDays, periodsOf } from './periods.ts'
import { createTimeZoneClock } from './time-zone-clock.ts'

const HOUR = 3_600_000
const at = (text: string) => Date.parse(text)
const texts = (instants: readonly number[]) => instants.map((instant) => new Date(instant).toISOString())
const days = (zone: string, from: string, to: string, length = 1) =>
  // The last is where the last day ends.
  texts(localDays(createTimeZoneClock(zone), at(from), at(to), length, 100).slice(0, -1))

test('days begin at local midnight, over summer time and in zones of half an hour', () => {
  // 26 October 2025 has 25 hours in Berlin, 30 March 2025 has 23.
  expect(days('Europe/Berlin', '2025-10-25T12:00:00Z', '2025-10-28T00:00:00Z')).toEqual([
    '2025-10-24T22:00:00.000Z',
    '2025-10-25T22:00:00.000Z',
    '2025-10-26T23:00:00.000Z',
    '2025-10-27T23:00:00.000Z',
  ])
  expect(days('Europe/Berlin', '2025-03-29T23:00:00Z', '2025-03-31T22:00:00Z')).toEqual([
    '2025-03-29T23:00:00.000Z',
    '2025-03-30T22:00:00.000Z',
  ])
  expect(days('Asia/Kolkata', '2026-11-23T00:00:00Z', '2026-11-23T20:00:00Z')).toEqual([
    '2026-11-22T18:30:00.000Z',
    '2026-11-23T18:30:00.000Z',
  ])
  expect(days('Asia/Ho_Chi_Minh', '2026-11-23T16:59:59Z', '2026-11-23T17:00:00Z')).toEqual(['2026-11-22T17:00:00.000Z'])
})

test('a midnight that the clock jumps over is where it jumps', () => {
  // Cairo goes from 00:00 to 01:00 on 25 April 2025.
  expect(days('Africa/Cairo', '2025-04-24T12:00:00Z', '2025-04-26T12:00:00Z')).toEqual([
    '2025-04-23T22:00:00.000Z',
    '2025-04-24T22:00:00.000Z',
    '2025-04-25T21:00:00.000Z',
  ])
})

test('seven days are a week from Monday', () => {
  expect(days('UTC', '2026-11-26T00:00:00Z', '2026-12-01T00:00:00Z', 7)).toEqual([
    '2026-11-23T00:00:00.000Z',
    '2026-11-30T00:00:00.000Z',
  ])
})

test('months and hours are those of the wall clock, the first and last cut to the range', () => {
  const berlin = createTimeZoneClock('Europe/Berlin')
  const months = periodsOf('month', berlin, at('2025-10-15T00:00:00Z'), at('2025-12-03T00:00:00Z'), 100)
  expect(texts(months.flatMap(({ from, to }) => [from, to]))).toEqual([
    '2025-10-15T00:00:00.000Z',
    '2025-10-31T23:00:00.000Z',
    '2025-10-31T23:00:00.000Z',
    '2025-11-30T23:00:00.000Z',
    '2025-11-30T23:00:00.000Z',
    '2025-12-03T00:00:00.000Z',
  ])
  const kolkata = createTimeZoneClock('Asia/Kolkata')
  const hours = periodsOf('hour', kolkata, at('2026-11-23T00:00:00Z'), at('2026-11-23T02:00:00Z'), 100)
  expect(texts(hours.map(({ to }) => to))).toEqual([
    '2026-11-23T00:30:00.000Z',
    '2026-11-23T01:30:00.000Z',
    '2026-11-23T02:00:00.000Z',
  ])
  // The hour from two to three comes twice.
  const long = periodsOf('hour', berlin, at('2025-10-25T22:00:00Z'), at('2025-10-26T23:00:00Z'), 100)
  expect(long).toHaveLength(25)
})

test('periods follow on each other without a gap, in any zone', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Africa/Cairo']
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom('hour' as const, 'day' as const, 'month' as const),
      fc.integer({ min: at('2015-01-01T00:00:00Z') / HOUR, max: at('2035-01-01T00:00:00Z') / HOUR }),
      fc.integer({ min: 1, max: 24 * 70 }),
      (zone, name, start, length) => {
        const from = start * HOUR
        const to = from + length * HOUR
        const periods = periodsOf(name, createTimeZoneClock(zone), from, to, 10_000)
        expect(periods[0]?.from).toBe(from)
        expect(periods.at(-1)?.to).toBe(to)
        for (const [index, period] of periods.entries()) {
          expect(period.to).toBeGreaterThan(period.from)
          if (index > 0) expect(period.from).toBe(periods[index - 1]?.to)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('the names of UTC', () => {
  for (const name of ['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'Etc/GMT+0', 'Zulu']) expect(isUtc(name), name).toBe(true)
  for (const name of ['Etc/GMT+1', 'Europe/London', 'Africa/Abidjan']) expect(isUtc(name), name).toBe(false)
})
