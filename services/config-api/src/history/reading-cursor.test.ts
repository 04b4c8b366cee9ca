import fc from 'fast-check'
import { expect, test } from 'vitest'
import { microsecondsOf, timeOf } from './reading-cursor.ts'

test('a time in the words of Postgres is a number of microseconds, and the number the same time in UTC', () => {
  expect(microsecondsOf('1970-01-01 00:00:00+00')).toBe('0')
  expect(microsecondsOf('1970-01-01 07:00:01.5+07')).toBe('1500000')
  expect(microsecondsOf('1970-01-01 05:30:00.000007+05:30')).toBe('7')
  expect(microsecondsOf('1969-12-31 23:59:59.9995+00')).toBe('-500')
  expect(timeOf('-500')).toBe('1969-12-31 23:59:59.999500+00')
  const years = fc.bigInt({ min: -62_135_596_800_000_000n, max: 32_503_680_000_000_000n })
  fc.assert(fc.property(years, (count) => microsecondsOf(timeOf(String(count)) as string) === String(count)))
})

test('beyond the years that Postgres and JavaScript write alike there is no time', () => {
  expect(timeOf('-62135596800000000')).toBe('0001-01-01 00:00:00.000000+00')
  expect(timeOf('-62135596800000001')).toBe(null)
  expect(timeOf('32503680000000000')).toBe('3000-01-01 00:00:00.000000+00')
  expect(timeOf('32503680000001000')).toBe(null)
})
