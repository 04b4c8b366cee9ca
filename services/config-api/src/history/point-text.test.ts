import { expect, test } from 'vitest'
import { createPointWriter } from './point-text.ts'

const AT = Date.UTC(2026, 10, 23, 9)
const SOCKET = '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10'
const writer = createPointWriter([
  { measurement: 'reactive_power', aggregates: ['avg', 'min'] },
  { measurement: 'energy', aggregates: ['delta'] },
  { measurement: 'relay_on', aggregates: ['avg', 'last'] },
])

test('a point is written with its values in their places, computed ones to a millionth', () => {
  const row = [String(AT), SOCKET, '1', '360', '-12.30000000000001', '-20.5', '0.30000000000000004', 't']
  const point = { row, consumed: 0.1 + 0.2 }
  expect(JSON.parse(writer.json(point))).toEqual({
    timestamp: '2026-11-23T09:00:00.000Z',
    socket_id: SOCKET,
    sockets: 1,
    readings: 360,
    measurements: {
      reactive_power: { avg: -12.3, min: -20.5 },
      energy: { delta: 0.3 },
      relay_on: { avg: 0.3, last: true },
    },
  })
  expect(writer.csvHead()).toBe(
    'timestamp,socket_id,sockets,readings,reactive_power_avg,reactive_power_min,energy_delta,relay_on_avg,relay_on_last\r\n',
  )
  // A negative number is no formula.
  expect(writer.csv(point)).toBe(`2026-11-23T09:00:00.000Z,${SOCKET},1,360,-12.3,-20.5,0.3,0.3,true\r\n`)
})

test('what was not measured is absent, and so is what JSON has no number for', () => {
  const point = { row: [String(AT), null, '25', '0', 'NaN', null, null, 'f'], consumed: null }
  const { socket_id, measurements } = JSON.parse(writer.json(point))
  expect([socket_id, measurements]).toEqual([null, { relay_on: { last: false } }])
  expect(writer.csv(point)).toBe('2026-11-23T09:00:00.000Z,,25,0,,,,,false\r\n')
})
