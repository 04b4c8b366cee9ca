import { expect, test } from 'vitest'
import { readingOf, telemetryMessage, testId } from '../testing/messages.ts'
import { touchedMinutes } from './touched-minutes.ts'

const at = (measuredAt: string, overrides = {}) =>
  readingOf(telemetryMessage({ id: testId(1), measured_at: measuredAt, ...overrides }))

test('each minute with its sockets, by the clock of the device', () => {
  const minutes = touchedMinutes([
    at('2026-11-23T09:00:00.000Z'),
    at('2026-11-23T09:00:59.999Z', { received_at: '2026-11-23T08:58:00.000Z' }),
    at('2026-11-23T09:00:30.000Z', { socket_id: testId(0xa02) }),
    at('2026-11-23T09:01:00.000Z', { received_at: '2026-12-23T09:01:00.000Z' }),
  ])
  const iso = (time: number) => new Date(time).toISOString()
  expect(
    [...minutes].map(([minute, { sockets, receivedFrom }]) => [iso(minute), [...sockets], iso(receivedFrom)]),
  ).toEqual([
    ['2026-11-23T09:00:00.000Z', [testId(0xa01), testId(0xa02)], '2026-11-23T08:58:00.000Z'],
    ['2026-11-23T09:01:00.000Z', [testId(0xa01)], '2026-12-23T09:01:00.000Z'],
  ])
})

test('a retained snapshot counts only when its device says when it was measured', () => {
  const retained = (source: string) => at('2026-11-23T09:00:00Z', { retained: true, measured_at_source: source })
  expect(touchedMinutes([retained('received'), at('1815-01-01T00:00:00Z'), at('2100-01-01T00:00:00Z')]).size).toBe(0)
  expect(touchedMinutes([retained('device')]).size).toBe(1)
})
