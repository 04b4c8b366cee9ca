import { expect, test } from 'vitest'
import { parseBrokerUrl } from './broker-address.ts'

test('port and TLS follow the scheme, user and password are decoded', () => {
  const open = { tls: false, username: null, password: null }
  expect(parseBrokerUrl('mqtt://broker')).toEqual({ ...open, host: 'broker', port: 1883 })
  expect(parseBrokerUrl('mqtts://broker')).toEqual({ ...open, host: 'broker', port: 8883, tls: true })
  expect(parseBrokerUrl('mqtt://[::1]:1999')).toEqual({ ...open, host: '::1', port: 1999 })
  expect(parseBrokerUrl('mqtt://ward:a%2Fb@broker')).toMatchObject({ username: 'ward', password: 'a/b' })
})

test('what is no broker is refused without quoting it', () => {
  for (const url of ['broker:1883', 'ws://broker', 'mqtt://', 'mqtt://ward:secret@', '1.2.3.4']) {
    expect(() => parseBrokerUrl(url)).toThrow(/^MQTT_URL must be mqtt:\/\/host or mqtts:\/\/host/)
  }
  expect(() => parseBrokerUrl('mqtt://:secret@broker')).toThrow('MQTT_URL has a password and no user')
  expect(() => parseBrokerUrl('mqtt://ward:50%@broker')).toThrow('write %25')
})
