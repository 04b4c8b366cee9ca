import { expect, test } from 'vitest'
import { brokerChanges } from './configure-estate.ts'

const broker = { host: '127.0.0.1', port: 1883, tls: false, username: null, password: null }
const row = {
  id: '1',
  mqtt_broker_host: '127.0.0.1',
  mqtt_broker_port: 1883,
  mqtt_config: { qos: 2 },
  mqtt_credentials: { username: null, password_set: false },
}
const address = { mqtt_broker_host: '127.0.0.1', mqtt_broker_port: 1883 }

test('a PDU that fits is left alone', () => {
  expect(brokerChanges(row, broker)).toBeNull()
  const withUser = { ...row, mqtt_credentials: { username: 'ward', password_set: false } }
  expect(brokerChanges(withUser, { ...broker, username: 'ward' })).toBeNull()
})

test('another password at the same address is sent, and one that is no longer needed removed', () => {
  const withPassword = { ...row, mqtt_credentials: { username: 'ward', password_set: true } }
  expect(brokerChanges(withPassword, { ...broker, username: 'ward', password: 'new' })).toEqual({
    ...address,
    mqtt_credentials: { username: 'ward', password: 'new' },
  })
  expect(brokerChanges(withPassword, broker)).toEqual({
    ...address,
    mqtt_credentials: { username: null, password: null },
  })
})

test('TLS comes and goes with the broker, and other settings stay', () => {
  const overTls = { ...row, mqtt_broker_port: 8883, mqtt_config: { qos: 2, tls: { enabled: true, ca: 'PEM' } } }
  expect(brokerChanges(row, { ...broker, port: 8883, tls: true })).toMatchObject({
    mqtt_broker_port: 8883,
    mqtt_config: { qos: 2, tls: { enabled: true } },
  })
  expect(brokerChanges(overTls, { ...broker, port: 8883, tls: true })).toBeNull()
  expect(brokerChanges(overTls, broker)).toMatchObject({ mqtt_config: { qos: 2 } })
})
