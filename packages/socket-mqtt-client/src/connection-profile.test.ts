import { expect, test } from 'vitest'
import { connectionProfile } from './connection-profile.ts'
import { testSocket } from './testing/socket.ts'

const clientId = (changes: Parameters<typeof testSocket>[1] = {}) =>
  connectionProfile(testSocket('mqtt://broker:1883', changes)).clientId

test('sockets share a connection when partition, tenant, broker, user and session options are equal', () => {
  expect(clientId()).toBe(clientId({ topic: 'another', socket_number: 9 }))
  expect(clientId({ mqtt_broker_host: 'BROKER' })).toBe(clientId())
  const others = [
    clientId({ partition: 8 }),
    clientId({ organization_id: 'organization-b' }),
    clientId({ mqtt_broker_port: 8883 }),
    clientId({ mqtt_credentials: { username: 'ward' } }),
    clientId({ mqtt_config: { clean_session: true } }),
    clientId({ mqtt_config: { protocol_version: 5 } }),
    clientId({ mqtt_config: { keepalive: 10 } }),
    clientId({ mqtt_config: { tls: { enabled: true } } }),
    clientId({ mqtt_config: { tls: { enabled: true, verify: false } } }),
  ]
  expect(new Set([clientId(), ...others]).size).toBe(others.length + 1)
})

test('a rotated password finds the old session again: it is not part of the client id', () => {
  const before = clientId({ mqtt_credentials: { username: 'ward', password: 'old' } })
  expect(clientId({ mqtt_credentials: { username: 'ward', password: 'new' } })).toBe(before)
})

test('what is default and what is written out are the same', () => {
  expect(clientId({ mqtt_config: { qos: 1, keepalive: 60, clean_session: false, protocol_version: 4 } })).toBe(
    clientId(),
  )
})

test('a client id has the 23 characters that every broker takes (MQTT 3.1.1, 3.1.3-5)', () => {
  expect(clientId({ partition: 255 })).toMatch(/^iomt-255-[0-9a-f]{12}$/)
})
