import { expect, test } from 'vitest'
import { decodeCase, type ReadingCase, readingOf } from './reading-case.ts'

/** One test a case: its message is that reading, with nothing beside what the case says. */
export function testReadingCases(cases: readonly ReadingCase[]): void {
  test.each(cases)('$what', (one) => {
    const result = decodeCase(one)
    expect(result).toMatchObject({ ok: true, reading: readingOf(one) })
    if (result.ok !== true) return
    expect(result.reading.measurements).toEqual(one.measurements)
    expect(result.reading.phases).toEqual(one.phases ?? null)
  })
}
