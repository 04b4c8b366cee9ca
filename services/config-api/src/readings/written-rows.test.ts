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
      expect(written.last()).toBe(within.at(-1) ?? null)
    }),
    { numRuns: 100 },
  )
})
