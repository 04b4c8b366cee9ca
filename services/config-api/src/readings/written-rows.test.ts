import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWrittenRows } from './written-rows.ts'

test('rows in any alphabet become the text of those within the limit, and their number and last are known', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer({ min: 1, max: 70_000 }).map((size) => '😀x'.repeat(size)),
  )
  const rows = fc.array(
    cell.map((text) => [text]),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(rows, fc.nat(13), fc.constantFrom(',', ''), (given, limit, separator) => {
      const written = createWrittenRows({ write: ([text]) => `<${text}>`, separator }, limit)
      for (const row of given) written.add(row)
      const within = given.slice(0, limit)
      expect(Buffer.concat(written.pieces()).toString()).toBe(within.map(([text]) => `<${text}>`).join(separator))
      expect(written.rows()).toBe(given.length)
      expect(written.written()).toBe(within.length)
      expect(written.last()).toBe(within.at(-1) ?? null)
    }),
    { numRuns: 100 },
  )
})

test('no row follows on those that come to so many bytes, be they in one piece or in several', () => {
  const given = [70_000, 10, 20, 30, 40]
  const writtenWithin = (bytes: number) => {
    const rows = createWrittenRows({ write: (length: number) => 'x'.repeat(length), separator: ',' }, 4, bytes)
    for (const length of given) rows.add(length)
    const text = Buffer.concat(rows.pieces()).toString()
    expect([rows.bytes(), rows.rows()]).toEqual([text.length, given.length])
    expect(text.split(',').map(({ length }) => length)).toEqual(given.slice(0, rows.written()))
    return rows.written()
  }
  expect([1, 70_000, 70_001, 70_011, 70_012, 70_033, 1e9].map(writtenWithin)).toEqual([1, 1, 2, 2, 3, 4, 4])
})
