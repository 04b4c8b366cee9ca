import type { Measurements, NumericMeasurement } from '@iomt/contracts/measurements'
import type { PayloadConfig } from '@iomt/contracts/payload-config'
import { expect, test } from 'vitest'
import type { DecodeResult } from './decoded-payload.ts'
import { createSocketDecoder } from './socket-decoder.ts'
import { type Expectation, readSamples, type Sample } from './testing/samples.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')
const samples = readSamples()

function decode(sample: Sample, payloadConfig: PayloadConfig | null = null): DecodeResult {
  const decoder = createSocketDecoder({ payloadConfig, timezone: 'Asia/Ho_Chi_Minh' })
  return decoder.decode(sample.payload, { topic: topicOf(sample), receivedAt })
}

/** The examples' placeholders say that a name is there; ESPHome's object id is what its note calls it. */
const topicOf = ({ name, topic }: Sample): string =>
  name === 'esphome-plain' ? 'plug1/sensor/sdm220m_voltage/state' : topic

function expectMeasurements(actual: Measurements, expected: Measurements): void {
  for (const [name, value] of Object.entries(expected)) {
    if (typeof value === 'boolean') expect(actual.relay_on, name).toBe(value)
    else expect(actual[name as NumericMeasurement], name).toBeCloseTo(value, 9)
  }
}

test('there is every sample', () => {
  expect(samples).toHaveLength(29)
})

test.each(samples)('$name', (sample) => {
  const { expected } = sample
  if (expected.availability !== undefined) {
    expect(decode(sample)).toMatchObject({ ok: 'status', online: expected.availability === 'online' })
    return
  }
  if (expected.channels !== undefined && expected.channels.length > 1) {
    expect(decode(sample)).toMatchObject({ ok: false, rejection: { reason: 'channel-required' } })
    const first = /tasmota|mpower/.test(sample.name) ? 1 : 0
    for (const [index, channel] of expected.channels.entries()) {
      expectReading(decode(sample, { channel: index + first }), expected, channel, index)
    }
    return
  }
  expectReading(decode(sample), expected, expected.measurements ?? expected.channels?.[0] ?? {}, 0)
})

function expectReading(result: DecodeResult, expected: Expectation, measurements: Measurements, index: number): void {
  if (result.ok !== true) throw new Error(JSON.stringify(result))
  const { reading } = result
  expectMeasurements(reading.measurements, measurements)
  const beyond = Object.keys(reading.measurements).filter((name) => !(name in measurements))
  expect(beyond.filter((name) => !allowedBeyond(expected, name))).toEqual([])
  for (const name of expected.must_be_absent ?? []) expect(reading.measurements).not.toHaveProperty(name)
  if (expected.phases) {
    expect(Object.keys(reading.phases ?? {})).toEqual(['l1', 'l2', 'l3'])
    for (const [at, phase] of expected.phases.entries()) {
      expectMeasurements(reading.phases?.[`l${at + 1}` as 'l1'] ?? {}, phase)
    }
  } else expect(reading.phases).toBeNull()
  for (const [name, value] of Object.entries(expected.extra ?? {})) {
    expect(reading.extra[name], name).toEqual(Array.isArray(value) ? value[index] : value)
  }
  if (expected.decoded) expect(reading.extra).toEqual(expected.decoded.metrics)
  if (expected.unmapped) expect(reading.extra['values']).toEqual(expected.unmapped)
  expect(reading.partial).toBe(expected.partial)
  expect(reading.measuredAt?.toISOString() ?? null).toBe(timeOf(expected))
}

/** Outlets of the samples leave out what their notes do not care for. */
const allowedBeyond = ({ channels }: Expectation, name: string): boolean =>
  channels !== undefined && name === 'reactive_power'

/** Local times are those of the socket's zone, here seven hours ahead. */
function timeOf({ timestamp, timestamp_zone: zone }: Expectation): string | null {
  if (timestamp === null) return null
  if (zone === 'utc') return new Date(timestamp).toISOString()
  return new Date(Date.parse(`${timestamp}Z`) - 7 * 3_600_000).toISOString()
}

test('the columns of the CSV sample by a mapping', () => {
  const sample = samples.find(({ name }) => name === 'emonhub-csv') as Sample
  const { columns, measurements } = sample.expected.with_mapping ?? { columns: [], measurements: {} }
  const fields = Object.fromEntries(columns.flatMap((name, column) => (name === '-' ? [] : [[name, { column }]])))
  const result = decode(sample, { mapping: { source: 'csv', measurements: fields } })
  expect(result).toMatchObject({ ok: true, reading: { measurements, decoder: 'mapping@1', quality: [] } })
})

test('the outlet that does not fit its own power factor is skewed, the others are not', () => {
  const sample = samples.find(({ name }) => name === 'shelly-gen4-powerstrip') as Sample
  const quality = [0, 1, 2, 3].map((channel) => {
    const result = decode(sample, { channel })
    return result.ok === true ? result.reading.quality : null
  })
  expect(quality).toEqual([[], [], [], ['skewed']])
})

test('a clock that was never set, and an uptime, are no clocks', () => {
  for (const name of ['openbeken-sensor', 'gude-pdu-portswitch']) {
    const result = decode(samples.find((sample) => sample.name === name) as Sample)
    expect(result).toMatchObject({ ok: true, reading: { measuredAt: null, quality: ['clock-invalid'] } })
  }
})
