import type { PayloadConfig } from '@iomt/contracts/payload-config'
import { expect, test } from 'vitest'
import { previewPayload } from './preview.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')
const preview = (payload: unknown, payloadConfig: PayloadConfig | null = null, topic = 'ward/socket1') =>
  previewPayload({
    payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    topic,
    payloadConfig,
    timezone: 'UTC',
    receivedAt,
  })

test('a reading, who read it and why', () => {
  const shown = preview({ Time: '2026-11-23T08:59:00', ENERGY: { Total: 1.5, Power: 100, Voltage: 230 } })
  expect(shown).toMatchObject({
    reading: {
      measurements: { energy: 1.5, active_power: 100, voltage: 230 },
      phases: null,
      quality: [],
      measured_at: '2026-11-23T08:59:00.000Z',
      partial: false,
    },
    decoder: 'tasmota@1',
    warnings: [],
    rejection: null,
  })
  expect(shown.explanation.join('\n')).toMatch(/JSON object.*\n.*tasmota@1 recognised it by an object ENERGY/)
})

test('doubts in words, with what to do', () => {
  const { reading, warnings } = preview({ voltage: 235.2, current: 74, power: 7 })
  expect(reading).toMatchObject({ measurements: { voltage: 235.2 }, extra: { current: 74, active_power: 7 } })
  expect(warnings.join('\n')).toMatch(/unit of current cannot be known.*payload_config\.mapping/)
})

test('what is no reading says what it is', () => {
  expect(preview('Offline', null, 'tele/plug/LWT')).toMatchObject({ reading: null, availability: 'offline' })
  expect(preview('hello')).toMatchObject({ reading: null, rejection: { reason: 'unsupported-payload' } })
  const event = { src: 'shelly', method: 'NotifyEvent', params: { events: [] } }
  expect(preview(event)).toMatchObject({ reading: null, ignored: expect.stringContaining('event') })
})

test('an outlet that must be chosen', () => {
  const strip = { 'switch:0': { apower: 1 }, 'switch:1': { apower: 2 } }
  const { rejection } = preview(strip)
  expect(rejection).toEqual({
    reason: 'channel-required',
    detail: 'the device has several outlets (0, 1): set payload_config.channel to the one of this socket',
  })
  expect(preview(strip, { channel: 1 })).toMatchObject({ reading: { measurements: { active_power: 2 } } })
})

test('a forced format, and a mapping with its problems', () => {
  const forced = preview({ voltage: 230 }, { format: 'tasmota' })
  expect(forced.rejection?.detail).toContain('payload_config.format is tasmota')
  const mapped = preview({ p: 1 }, { mapping: { measurements: { active_power: { pointer: 'p' } } } })
  expect(mapped.mapping_problems).toEqual([
    { pointer: '/measurements/active_power/pointer', detail: 'must be empty or begin with /' },
  ])
})
