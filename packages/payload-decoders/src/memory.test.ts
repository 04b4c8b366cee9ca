import { expect, test } from 'vitest'
import { FAMILIES } from './registry.ts'
import { createSocketDecoder } from './socket-decoder.ts'
import { readSamples } from './testing/samples.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')
const samples = readSamples()
const MILESIGHT = { voltage: 230.1, active_power: 45, power_factor: 90, power_consumption: 1234, current: 217 }

test('an outlet seen among several needs a channel from then on, also where it is alone', () => {
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  const decode = (params: object) =>
    decoder.decode(Buffer.from(JSON.stringify({ src: 'x', method: 'NotifyStatus', params })), {
      topic: 't',
      receivedAt,
    })
  expect(decode({ 'switch:0': { apower: 1 } })).toMatchObject({ ok: true })
  expect(decode({ 'switch:1': { apower: 2 } })).toMatchObject({ ok: false, rejection: { reason: 'channel-required' } })
  expect(decode({ 'switch:0': { apower: 1 } })).toMatchObject({ ok: false, rejection: { reason: 'channel-required' } })
})

test('a device that took the place of one with several outlets needs no channel once it has listed all of its own', () => {
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  const decode = (payload: object) => decoder.decode(Buffer.from(JSON.stringify(payload)), { topic: 't', receivedAt })
  expect(decode({ 'switch:0': { apower: 1 }, 'switch:1': { apower: 2 } })).toMatchObject({ ok: false })
  expect(decode({ 'switch:0': { apower: 1 } })).toMatchObject({ ok: true })
  const partial = { src: 'x', method: 'NotifyStatus', params: { 'switch:0': { apower: 3 } } }
  expect(decode(partial)).toMatchObject({ reading: { measurements: { active_power: 3 } } })
})

test('a part of a Milesight object keeps its units once the socket is known to be one', () => {
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  const decode = (payload: object) => decoder.decode(Buffer.from(JSON.stringify(payload)), { topic: 't', receivedAt })
  decode({ ...MILESIGHT, socket_status: 'on' })
  expect(decode({ current: 74 })).toMatchObject({
    reading: { decoder: 'milesight@1', measurements: { current: 0.074 } },
  })
})

test('the same message gives the same twice, in a fresh decoder and in one that has seen every other', () => {
  const seasoned = createSocketDecoder({ payloadConfig: { channel: 1 }, timezone: 'UTC' })
  for (const before of samples) {
    for (const sample of samples) {
      const context = { topic: sample.topic, receivedAt }
      const fresh = createSocketDecoder({ payloadConfig: { channel: 1 }, timezone: 'UTC' })
      const expected = fresh.decode(sample.payload, context)
      expect(fresh.decode(sample.payload, context)).toEqual(expected)
      seasoned.decode(before.payload, { topic: before.topic, receivedAt })
      expect(seasoned.decode(sample.payload, context)).toEqual(expected)
    }
  }
})

test('no vendor answers for another’s message', () => {
  const general = new Set(['flat-json', 'nested-json', 'plain-value', 'csv', 'victron'])
  for (const sample of samples) {
    const claimed = FAMILIES.filter(({ name }) => !general.has(name)).filter(({ name }) => {
      const decoder = createSocketDecoder({ payloadConfig: { format: name }, timezone: 'UTC' })
      const result = decoder.decode(sample.payload, { topic: sample.topic, receivedAt })
      return result.ok === true || (result.ok === false && result.rejection.reason !== 'unsupported-payload')
    })
    expect(claimed.map(({ name }) => name).length, sample.name).toBeLessThanOrEqual(1)
  }
})
