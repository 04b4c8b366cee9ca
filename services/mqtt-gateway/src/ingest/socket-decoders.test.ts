import { expect, test } from 'vitest'
import { desiredSocket } from '../testing/desired-state.ts'
import { createSocketDecoders } from './socket-decoders.ts'

const HOUR = 3_600_000
const socket = () => desiredSocket('mqtt://127.0.0.1:1883')

test('a socket keeps its decoder until its configuration changes', () => {
  const decoderOf = createSocketDecoders(262_144)
  const state = socket()
  const decoder = decoderOf(state, 0)
  expect(decoderOf(state, 1)).toBe(decoder)
  const changed = decoderOf({ ...state, payload_config: { channel: 2 } }, 2)
  expect(changed).not.toBe(decoder)
  expect(changed.memory.births).toBe(decoder.memory.births)
})

test('the PDU’s specifications and the socket’s time zone are in its decoder', () => {
  const receivedAt = new Date('2026-11-23T09:00:00.123Z')
  const state = { ...socket(), specifications: { max_current: '16 A' }, timezone: 'Asia/Ho_Chi_Minh' }
  const payload = Buffer.from('{"voltage":230,"current":74,"timestamp":"15:59:58 23/11/2026"}')
  expect(createSocketDecoders(262_144)(state, 0).decode(payload, { topic: 't', receivedAt })).toMatchObject({
    reading: { quality: ['unit-ambiguous:current'], measuredAt: new Date('2026-11-23T08:59:58Z') },
  })
})

test('decoders of sockets that left are let go', () => {
  const decoderOf = createSocketDecoders(262_144)
  const silent = socket()
  const first = decoderOf(silent, 0)
  const busy = socket()
  const kept = decoderOf(busy, 7 * HOUR)
  for (let count = 0; count < 1_000; count += 1) decoderOf(socket(), 7 * HOUR)
  expect(decoderOf(busy, 7 * HOUR)).toBe(kept)
  expect(decoderOf(silent, 7 * HOUR)).not.toBe(first)
})
