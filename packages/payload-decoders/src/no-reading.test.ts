import { expect, test } from 'vitest'
import { createSocketDecoder } from './socket-decoder.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')

test.each([
  ['Tasmota’s last will', 'Offline', 'tele/x/LWT', false],
  ['ESPHome’s status', 'online', 'plug/status', true],
  ['Zigbee2MQTT’s availability', '{"state":"offline"}', 'zigbee2mqtt/plug/availability', false],
  ['Shelly’s online', 'true', 'shellies/x/online', true],
  ['OpenBeken’s connected', 'online', 'obk/connected', true],
  ['a number on a topic of availability', '0', 'x/online', false],
])('%s is a status', (_, payload, topic, online) => {
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  expect(decoder.decode(Buffer.from(payload), { topic, receivedAt })).toMatchObject({ ok: 'status', online })
})

test.each([
  ['an event of Shelly', { src: 'x', method: 'NotifyEvent', params: { events: [] } }, null, 'no-reading'],
  ['Shelly’s Wi-Fi', { src: 'x', method: 'NotifyStatus', params: { wifi: { rssi: -60 } } }, null, 'no-reading'],
  ['Tasmota’s network', { StatusNET: { Hostname: 'x' } }, null, 'no-reading'],
  [
    'another outlet',
    { src: 'x', method: 'NotifyStatus', params: { 'switch:1': { apower: 4 } } },
    { channel: 0 },
    'other-channel',
  ],
  ['another port of GUDE', { type: 'portswitch', port: '3', state: 1 }, { channel: 2 }, 'other-channel'],
  ['a labelled object', { socket: 2, voltage: 230 }, { channel: 3 }, 'other-channel'],
] as const)('%s is neither a reading nor an error', (_, payload, config, reason) => {
  const decoder = createSocketDecoder({ payloadConfig: config, timezone: 'UTC' })
  const result = decoder.decode(Buffer.from(JSON.stringify(payload)), { topic: 't', receivedAt })
  expect(result).toMatchObject({ ok: 'ignored', reason })
})
