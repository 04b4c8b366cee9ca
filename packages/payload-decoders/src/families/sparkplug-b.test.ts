import { expect, test } from 'vitest'
import { createSocketDecoder, type SocketDecoder } from '../socket-decoder.ts'
import { sparkplugMessage, templateMetric } from '../testing/sparkplug-message.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')
const AT = Date.UTC(2026, 10, 23, 8, 59)
const make = (channel?: string) =>
  createSocketDecoder({ payloadConfig: channel === undefined ? null : { channel }, timezone: 'UTC' })
const decode = (decoder: SocketDecoder, type: string, payload: Uint8Array) =>
  decoder.decode(payload, { topic: `spBv1.0/ward/${type}/edge1/pdu1`, receivedAt })

const BIRTH = sparkplugMessage(AT, [
  { name: 'Outlet/Voltage', alias: 1, type: 9, value: 230.1, unit: 'V' },
  { name: 'Outlet/Current', alias: 2, type: 3, value: 213, unit: 'mA' },
  { name: 'Outlet/Active Power', alias: 3, type: 10, value: 0.0469, unit: 'kW' },
  { name: 'Outlet/Relay', alias: 4, type: 11, value: true },
  { name: 'Outlet/Energy', alias: 5, type: 8, value: 12_500, unit: 'Wh' },
  { name: 'Temperature Offset', alias: 6, type: 3, value: -5 },
  { name: 'Node Control/Rebirth', type: 11, value: false },
])

test('a birth is a reading with units from its properties', () => {
  expect(decode(make(), 'DBIRTH', BIRTH)).toMatchObject({
    ok: true,
    reading: {
      measurements: { voltage: 230.1, current: 0.213, active_power: 46.9, relay_on: true, energy: 12.5 },
      extra: { 'Temperature Offset': -5 },
      quality: [],
      measuredAt: new Date(AT),
      partial: false,
      decoder: 'sparkplug-b@1',
    },
    rawJson: JSON.stringify({ base64: BIRTH.toString('base64') }),
  })
})

test('data by alias is what the birth says, and a part', () => {
  const decoder = make()
  decode(decoder, 'DBIRTH', BIRTH)
  const data = sparkplugMessage(AT, [
    { alias: 2, value: 500 },
    { alias: 6, value: -7 },
  ])
  expect(decode(decoder, 'DDATA', data)).toMatchObject({
    ok: true,
    reading: { measurements: { current: 0.5 }, extra: { 'Temperature Offset': -7 }, partial: true, quality: [] },
  })
})

test('aliases without a birth mean nothing, until the birth comes', () => {
  const decoder = make()
  const data = sparkplugMessage(AT, [{ alias: 2, value: 500 }])
  const unnamed = decode(decoder, 'DDATA', data)
  expect(unnamed).toMatchObject({ reading: { extra: { 'alias:2': 500 }, quality: ['birth-missing'] } })
  expect(unnamed.ok === true && unnamed.reading.measurements).toEqual({})
  decode(decoder, 'DBIRTH', BIRTH)
  expect(decode(decoder, 'DDATA', data)).toMatchObject({ reading: { measurements: { current: 0.5 } } })
})

test('a death is a status and takes the birth with it', () => {
  const decoder = make()
  decode(decoder, 'DBIRTH', BIRTH)
  expect(decode(decoder, 'DDEATH', sparkplugMessage(AT, []))).toMatchObject({ ok: 'status', online: false })
  expect(decode(decoder, 'DDATA', sparkplugMessage(AT, [{ alias: 2, value: 1 }]))).toMatchObject({
    reading: { quality: ['birth-missing'] },
  })
})

test('the births of a socket go over to the decoder of its changed configuration', () => {
  const before = make()
  decode(before, 'DBIRTH', BIRTH)
  const after = createSocketDecoder({ payloadConfig: { timezone: 'UTC' }, timezone: 'UTC' }, before)
  expect(decode(after, 'DDATA', sparkplugMessage(AT, [{ alias: 2, value: 500 }]))).toMatchObject({
    reading: { measurements: { current: 0.5 } },
  })
})

test('null is an absence, 0 and negative numbers are values', () => {
  const message = sparkplugMessage(AT, [
    { name: 'voltage', type: 9, isNull: true },
    { name: 'current', type: 10, value: 0 },
    { name: 'active power', type: 4, value: -620 },
    { name: 'temperature', type: 2, value: -12 },
  ])
  expect(decode(make(), 'DDATA', message)).toMatchObject({
    reading: { measurements: { current: 0, active_power: -620, temperature: -12 }, quality: [] },
  })
})

test('what was stored on the device does not pass for news', () => {
  const message = sparkplugMessage(AT, [
    { name: 'voltage', type: 9, value: 100, historical: true },
    { name: 'voltage', type: 9, value: 230.1 },
  ])
  expect(decode(make(), 'DDATA', message)).toMatchObject({ reading: { measurements: { voltage: 230.1 }, quality: [] } })
})

test('outlets by the names of metrics', () => {
  const message = sparkplugMessage(AT, [
    { name: 'Outlet 1/Power', type: 9, value: 10 },
    { name: 'Outlet 2/Power', type: 9, value: 20 },
  ])
  expect(decode(make(), 'DDATA', message)).toMatchObject({ ok: false, rejection: { reason: 'channel-required' } })
  expect(decode(make('2'), 'DDATA', message)).toMatchObject({ reading: { measurements: { active_power: 20 } } })
})

test('an instance of a template is read by its members', () => {
  const message = Buffer.concat([
    sparkplugMessage(AT, []),
    templateMetric('Meter', [{ name: 'Voltage', type: 9, value: 230.1 }]),
  ])
  expect(decode(make(), 'DDATA', message)).toMatchObject({ reading: { measurements: { voltage: 230.1 } } })
})

test.each([
  ['NCMD', 'ignored'],
  ['DCMD', 'ignored'],
])('%s is %s', (type, expected) => {
  expect(decode(make(), type, BIRTH)).toMatchObject({ ok: expected })
})

test('bytes that are none are refused with their place in the format', () => {
  expect(decode(make(), 'DDATA', Buffer.from('hello'))).toMatchObject({
    ok: false,
    rejection: { reason: 'unsupported-payload', detail: expect.stringContaining('Sparkplug') },
  })
  const off = BIRTH.subarray(0, BIRTH.length - 3)
  expect(decode(make(), 'DDATA', off)).toMatchObject({ ok: false })
})

test('the bytes alone are recognised, too, without a topic of Sparkplug', () => {
  const result = make().decode(BIRTH, { topic: 'ward/socket1', receivedAt })
  expect(result).toMatchObject({ ok: true, reading: { decoder: 'sparkplug-b@1', measurements: { voltage: 230.1 } } })
})
