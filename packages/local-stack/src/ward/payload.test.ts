import { expect, test } from 'vitest'
import { profileOf } from './device-profiles.ts'
import { createLoadCurve } from './load-curve.ts'
import { fieldTimestamp, flatPayload } from './payload.ts'

const at = Date.UTC(2026, 10, 23, 17, 5, 9)

test('the field writes its local time, day before month', () => {
  expect(fieldTimestamp(at, 'Asia/Ho_Chi_Minh')).toBe('00:05:09 24/11/2026')
  expect(fieldTimestamp(at, 'UTC')).toBe('17:05:09 23/11/2026')
})

test('the payload has the fields of the specification', () => {
  const reading = createLoadCurve(profileOf('ventilator'))(at, 1)
  const payload = JSON.parse(flatPayload(reading, at, 'iso', 'UTC')) as Record<string, unknown>
  expect(Object.keys(payload)).toEqual(
    'voltage,current,power,apparent_power,reactive_power,power_factor,frequency,energy,machine_state,socket_state,sensor_state,over_voltage,under_voltage,timestamp'.split(
      ',',
    ),
  )
  expect(payload).toMatchObject({ machine_state: 'in-use', socket_state: true, timestamp: '2026-11-23T17:05:09.000Z' })
})
