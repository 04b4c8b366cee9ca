import { expect, test } from 'vitest'
import { createRecentReadings } from './recent-readings.ts'
import type { StreamReading } from './stream-reading.ts'

const reading = (sequence: number, size = 1) => ({ sequence, size }) as StreamReading
const sequences = (readings: Iterable<StreamReading>) => [...readings].map(({ sequence }) => sequence)

test('it reaches back as far as it holds every reading, and gives what comes after a position', () => {
  const recent = createRecentReadings(3)
  recent.restartAfter(10)
  expect(recent.reachBackTo(9)).toBe(false)
  expect(recent.reachBackTo(10)).toBe(true)
  // 12 and 14 were no readings.
  for (const sequence of [11, 13, 15]) recent.add(reading(sequence))
  expect(sequences(recent.after(10))).toEqual([11, 13, 15])
  expect(sequences(recent.after(12))).toEqual([13, 15])
  expect(sequences(recent.after(15))).toEqual([])
  recent.add(reading(16))
  expect(recent.reachBackTo(10)).toBe(false)
  expect(recent.reachBackTo(11)).toBe(true)
  expect(sequences(recent.after(11))).toEqual([13, 15, 16])
})

test('it holds so many readings and so many bytes, over any number of them', () => {
  const recent = createRecentReadings(100, 1_000)
  for (let sequence = 1; sequence <= 10_000; sequence += 1) recent.add(reading(sequence))
  expect(sequences(recent.after(0))).toHaveLength(100)
  for (let sequence = 10_001; sequence <= 10_010; sequence += 1) recent.add(reading(sequence, 400))
  expect(sequences(recent.after(0))).toEqual([10_009, 10_010])
  recent.add(reading(10_011, 5_000))
  expect(sequences(recent.after(10_010))).toEqual([10_011])
  expect(recent.reachBackTo(10_009)).toBe(false)
  recent.restartAfter(3)
  expect(sequences(recent.after(3))).toEqual([])
})
