import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stretchesOf } from './energy-stretches.ts'

const HOUR = 3_600_000
const at = (hour: number) => new Date(hour * HOUR)

test('a year of 250 sockets is read in queries of some 150,000 hours each', () => {
  const stretches = stretchesOf({ from: at(0), to: at(8_760) }, 250, { first: at(0), open: at(10_000) })
  expect(stretches).toHaveLength(15)
  for (const { from, to } of stretches)
    expect(((to.getTime() - from.getTime()) / HOUR) * 250).toBeLessThanOrEqual(150_000)
  expect(stretchesOf({ from: at(0), to: at(720) }, 200, { first: at(0), open: at(10_000) })).toHaveLength(1)
})

test('stretches follow on each other, and nothing that is empty or not rolled up is cut', () => {
  const hour = fc.integer({ min: 1, max: 5_000 })
  fc.assert(
    fc.property(hour, hour, hour, hour, fc.integer({ min: 0, max: 400 }), (from, length, first, open, sockets) => {
      const range = { from: at(from), to: at(from + length) }
      const stretches = stretchesOf(range, sockets, { first: at(first + 0.4), open: at(open + 0.7) }, 3_000)
      expect(stretches[0]?.from).toEqual(range.from)
      expect(stretches.at(-1)?.to).toEqual(range.to)
      for (const [index, { from: start, last }] of stretches.entries()) {
        expect(last).toBe(index === stretches.length - 1)
        if (index === 0) continue
        expect(start).toEqual(stretches[index - 1]?.to)
        expect(start.getTime() % HOUR).toBe(0)
        expect(start > at(first) && start < at(open)).toBe(true)
      }
    }),
  )
})
