import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine } from './csv.ts'

test('texts that a spreadsheet would run are made texts, numbers stay numbers', () => {
  const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")']
  for (const text of hostile) expect(csvLine([text]), text).toMatch(/^"?'/)
  expect(csvLine([-1.5, 0, false, null, undefined, Number.NaN, 'a'])).toBe('-1.5,0,false,,,,a\r\n')
})

test('every text comes back from a reader of CSV, with an apostrophe at most', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (texts) => {
      const read = parse(csvLine(texts))
      expect(read).toEqual(texts.map((text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)))
    }),
  )
})

/** RFC 4180, one record. */
function parse(line: string): string[] {
  const cells: string[] = []
  let rest = line
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest)
    const cell = quoted ? quoted[0] : (/^[^,\r\n]*/.exec(rest)?.[0] as string)
    cells.push(quoted ? (quoted[1] as string).replaceAll('""', '"') : cell)
    rest = rest.slice(cell.length)
    if (rest === '\r\n') return cells
    if (!rest.startsWith(',')) throw new Error(`no CSV: ${JSON.stringify(line)}`)
    rest = rest.slice(1)
  }
}
