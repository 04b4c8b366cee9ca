import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWrittenRows } from '../readings/written-rows.ts'
import { createReadingPace } from './reading-pace.ts'

const MEBIBYTE = 1024 ** 2

interface Bounds {
  readonly limit: number
  readonly bytes: number
  readonly bytesEach?: number | null
}

/** What is written of readings of these lengths, and in how many lots of how many readings they come. */
function read(lengths: readonly number[], { limit, bytes, bytesEach = null }: Bounds) {
  const written = createWrittenRows({ write: (length: number) => 'x'.repeat(length), separator: '' }, limit, bytes)
  const pace = createReadingPace(written, bytes, bytesEach)
  const lots: number[] = []
  let sent = 0
  while (sent < lengths.length) {
    const lot = pace()
    if (lot === 0) break
    for (const length of lengths.slice(sent, sent + lot)) written.add(length)
    lots.push(lot)
    sent += lot
  }
  return { lots, rows: written.rows(), written: written.written(), size: written.bytes() }
}

test('an ordinary page is one lot, and so is a batch of an export whose readings are known', () => {
  const page = read(Array(51).fill(600), { limit: 50, bytes: 16 * MEBIBYTE })
  expect(page).toMatchObject({ written: 50, rows: 51, lots: [64] })
  const batch = read(Array(2_501).fill(600), { limit: 2_500, bytes: 2 * MEBIBYTE, bytesEach: 600 })
  expect(batch.written).toBe(2_500)
  expect(batch.lots).toEqual([2_560])
})

test('of long readings as many are sent as there is room for, and one', () => {
  const long = Array(2_501).fill(250_000)
  expect(read(long, { limit: 2_500, bytes: 2 * MEBIBYTE, bytesEach: 250_000 })).toMatchObject({ written: 9, rows: 10 })
  expect(read(long, { limit: 2_500, bytes: 2 * MEBIBYTE })).toMatchObject({ written: 9, rows: 64 })
})

test('whatever their lengths, at least one is written, the room is used and one more tells that more follow', () => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 100, max: 900 }), fc.integer({ min: 10_000, max: 250_000 })), {
    minLength: 1,
    maxLength: 700,
  })
  const each = fc.option(fc.integer({ min: 100, max: 250_000 }))
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 700 }), each, (given, limit, bytesEach) => {
      const { rows, written, size } = read(given.slice(0, limit + 1), { limit, bytes: MEBIBYTE, bytesEach })
      expect(written).toBeGreaterThan(0)
      expect(size).toBeLessThan(MEBIBYTE + 250_001)
      const all = written === given.length
      expect(all || rows > written).toBe(true)
      expect(all || written === limit || size >= MEBIBYTE).toBe(true)
    }),
    { numRuns: 100 },
  )
})
