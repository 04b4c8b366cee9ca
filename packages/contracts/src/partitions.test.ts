import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { PARTITION_COUNT, partitionOf } from './partitions.ts'

test('stable: these placements are in every running deployment’s keys', () => {
  expect(partitionOf('0190a000-0000-7000-8000-000000000001')).toBe(36)
  expect(partitionOf('0190a000-0000-7000-8000-000000000002')).toBe(16)
})

test('spreads ids that differ only in their last digits, and random ones, evenly', () => {
  const series = Array.from(
    { length: 25_600 },
    (_, index) => `0190a000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`,
  )
  for (const ids of [series, Array.from({ length: 25_600 }, () => randomUUID())]) {
    const counts = new Array<number>(PARTITION_COUNT).fill(0)
    for (const id of ids) counts[partitionOf(id)] = (counts[partitionOf(id)] ?? 0) + 1
    // 100 expected each; six standard deviations.
    expect(Math.min(...counts)).toBeGreaterThan(40)
    expect(Math.max(...counts)).toBeLessThan(160)
  }
})
