import { compileSchema } from '@iomt/contracts/compile-schema'
import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { createSocketDecoder } from '@iomt/payload-decoders/socket-decoder'
import type { Delivery } from '@iomt/socket-mqtt-client/socket-config'
import { expect, test } from 'vitest'
import { desiredSocket } from '../testing/desired-state.ts'
import { createTelemetryEncoder } from './encode-telemetry.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')
const ID = '019ab3c4-0000-7000-8000-000000000001'
const encode = createTelemetryEncoder()
const schema = compileSchema(TelemetryMessage)

function encoded(payload: string, changes: Partial<Delivery> = {}, state = desiredSocket('mqtt://127.0.0.1:1883')) {
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  const decoded = decoder.decode(Buffer.from(payload), { topic: 'ward/socket1', receivedAt })
  if (decoded.ok !== true) throw new Error(JSON.stringify(decoded))
  const delivery = { topic: 'ward/socket1', qos: 1, retained: false, receivedAt, redeliveredLate: false, ...changes }
  const { subject, payload: bytes } = encode(ID, state, delivery as Delivery, decoded.reading, decoded.rawJson)
  const message: unknown = JSON.parse(bytes.toString('utf8'))
  expect(schema.violations(message)).toEqual([])
  return { state, subject, message: message as TelemetryMessage }
}

test('is a message by the contract, with everything that is known of the reading', () => {
  const payload = '{"voltage": 229.8, "note": "Phòng \\"3\\"", "timestamp": "2026-11-23T08:59:59Z"}'
  const { state, subject, message } = encoded(payload, { retained: true, qos: 2, redeliveredLate: true })
  expect(subject).toBe(`iomt.v1.telemetry.hopt._.tang3.1.${state.device_id ?? '_'}`)
  expect(message).toEqual({
    v: 1,
    id: ID,
    socket_id: state.socket_id,
    socket_number: state.socket_number,
    pdu_id: state.pdu_id,
    organization_id: state.organization_id,
    department_id: state.department_id,
    device_id: state.device_id,
    topic: 'ward/socket1',
    received_at: '2026-11-23T09:00:00.123Z',
    measured_at: '2026-11-23T08:59:59.000Z',
    measured_at_source: 'device',
    retained: true,
    qos: 2,
    redelivered: true,
    measurements: { voltage: 229.8 },
    extra: { note: 'Phòng "3"' },
    quality: [],
    decoder: 'flat-json@1',
    raw: JSON.parse(payload),
  })
})

test('a topic of any characters, doubts, and no clock', () => {
  const { message } = encoded('{"power_factor":7,"voltage":1,"timestamp":12}', { topic: 'ward/"quoted"\\' })
  expect(message).toMatchObject({
    topic: 'ward/"quoted"\\',
    measured_at: '2026-11-23T09:00:00.123Z',
    measured_at_source: 'received',
    quality: ['clock-invalid', 'implausible:power_factor'],
  })
  expect(message).not.toHaveProperty('redelivered')
})

test('phases, and that it is a part only', () => {
  const payload = '{"src":"s","method":"NotifyStatus","params":{"em:0":{"a_current":1.5,"a_act_power":300}}}'
  const { message } = encoded(payload)
  expect(message).toMatchObject({
    measurements: {},
    phases: { l1: { current: 1.5, active_power: 300 } },
    partial: true,
    decoder: 'shelly-rpc@1',
  })
  expect(encoded('{"voltage":1}').message).not.toHaveProperty('partial')
})

test('text and binary payloads are kept as they came', () => {
  const { message } = encoded('4,1170,1174,240.34')
  expect(message.raw).toBe('4,1170,1174,240.34')
})

test('a changed configuration is in the next message', () => {
  const state = desiredSocket('mqtt://127.0.0.1:1883')
  expect(encoded('{"voltage":1}', {}, state).message.device_id).toBe(state.device_id)
  const moved = { ...state, device_id: '0190a000-0000-7000-8000-0000000000ff' }
  expect(encoded('{"voltage":1}', {}, moved)).toMatchObject({
    subject: expect.stringContaining(moved.device_id),
    message: { device_id: moved.device_id },
  })
})
