import { expect, test } from 'vitest'
import { partitionAt } from '../partitions/partitioned-table.ts'
import { eventCutoff, expiries } from './retention-plan.ts'

const NOW = Date.UTC(2026, 10, 23, 12)
const DAY = 86_400_000

test('everything has its own age; 0 is for ever', () => {
  const plan = expiries({ readings: 90, minutes: 0, hours: 3_650, events: 0 }, NOW)
  expect(plan.map(({ table, cutoff }) => [table.name, cutoff])).toEqual([
    ['device_data_logs', NOW - 90 * DAY],
    ['telemetry_rollups_1h', NOW - 3_650 * DAY],
  ])
  expect(eventCutoff({ readings: 1, minutes: 1, hours: 1, events: 0 }, NOW)).toBeNull()
  expect(eventCutoff({ readings: 1, minutes: 1, hours: 1, events: 400 }, NOW)).toBe(NOW - 400 * DAY)
})

test.each([
  ['device_data_logs', 'day', 0, 'device_data_logs_20261123', '2026-11-23', '2026-11-24'],
  ['device_data_logs', 'day', 8, 'device_data_logs_20261201', '2026-12-01', '2026-12-02'],
  ['telemetry_rollups_1m', 'month', 1, 'telemetry_rollups_1m_202612', '2026-12-01', '2027-01-01'],
  ['telemetry_rollups_1m', 'month', -10, 'telemetry_rollups_1m_202601', '2026-01-01', '2026-02-01'],
  ['telemetry_rollups_1h', 'year', 1, 'telemetry_rollups_1h_2027', '2027-01-01', '2028-01-01'],
] as const)('a partition of %s by %s, %i on, is %s', (table, period, offset, name, from, to) => {
  const partitioned = { name: table, period, storageParameters: {} }
  expect(partitionAt(partitioned, NOW, offset)).toEqual({
    table: partitioned,
    name,
    from: Date.parse(from),
    to: Date.parse(to),
  })
})
