import { expect, test } from 'vitest'
import { createSocketDecoder } from './socket-decoder.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')

test('topics below a socket’s own merge value by value; what is none stays out', () => {
  const decoder = createSocketDecoder({ payloadConfig: { subtree: true }, timezone: 'UTC' })
  const decode = (relativeTopic: string, payload: string) =>
    decoder.decode(Buffer.from(payload), { topic: `ward/plug/${relativeTopic}`, relativeTopic, receivedAt })
  expect(decode('relay/0/power', '45.2')).toMatchObject({
    reading: { measurements: { active_power: 45.2 }, partial: true },
  })
  expect(decode('sensor/plug_voltage/state', '230.1')).toMatchObject({ reading: { measurements: { voltage: 230.1 } } })
  expect(decode('relay/0', 'on')).toMatchObject({ reading: { measurements: { relay_on: true } } })
  expect(decode('uptime', '123')).toMatchObject({ reading: { measurements: {}, extra: { uptime: 123 } } })
  expect(decode('ip', '10.0.0.7')).toMatchObject({ ok: 'ignored' })
  expect(decode('LWT', 'Online')).toMatchObject({ ok: 'status', online: true })
})

test('a topic on its own names its outlet; below a socket’s topic there may be several, and a channel chooses', () => {
  const make = (channel?: number) =>
    createSocketDecoder({ payloadConfig: channel === undefined ? null : { channel }, timezone: 'UTC' })
  const decode = (decoder: ReturnType<typeof make>, topic: string, relativeTopic?: string) =>
    decoder.decode(
      Buffer.from('45.2'),
      relativeTopic === undefined ? { topic, receivedAt } : { topic, relativeTopic, receivedAt },
    )
  for (const outlet of ['relay/1', 'port2']) {
    expect(decode(make(), `ward/plug/${outlet}/power`)).toMatchObject({
      reading: { measurements: { active_power: 45.2 } },
    })
  }
  const several = make()
  expect(decode(several, 'ward/plug/relay/0/power', 'relay/0/power')).toMatchObject({ ok: true })
  expect(decode(several, 'ward/plug/relay/1/power', 'relay/1/power')).toMatchObject({
    rejection: { reason: 'channel-required' },
  })
  expect(decode(make(1), 'ward/plug/relay/1/power', 'relay/1/power')).toMatchObject({ ok: true })
  expect(decode(make(0), 'ward/plug/port1/power', 'port1/power')).toMatchObject({ ok: 'ignored' })
  // The socket's own name is no outlet of a device.
  expect(decode(make(3), 'ward/socket1/power', 'power')).toMatchObject({
    reading: { measurements: { active_power: 45.2 } },
  })
})
