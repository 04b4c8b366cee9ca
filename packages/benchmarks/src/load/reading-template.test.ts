import mqttPacket, { type IPublishPacket } from 'mqtt-packet'
import { expect, test } from 'vitest'
import {
  CLOCK_LENGTH,
  clockText,
  createReadingTemplate,
  ENERGY_STEP,
  FIRST_ENERGY,
  writeClock,
} from './reading-template.ts'

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0, 123) + 0.456

function publishes(bytes: Buffer): IPublishPacket[] {
  const packets: IPublishPacket[] = []
  const parser = mqttPacket.parser()
  parser.on('packet', (packet) => packets.push(packet as IPublishPacket))
  expect(parser.parse(bytes)).toBe(0)
  return packets
}

function written(count: number, topic = 'clinic/ward-1/room-2/socket3'): IPublishPacket[] {
  const template = createReadingTemplate(topic)
  const clock = Buffer.alloc(CLOCK_LENGTH)
  writeClock(clock, NOW)
  const bytes = Buffer.alloc(template.length * count)
  for (let index = 0; index < count; index += 1) {
    template.writeNext(bytes, index * template.length, (index % 65_535) + 1, clock)
  }
  expect(template.written).toBe(count)
  return publishes(bytes)
}

test('what is written are QoS 1 PUBLISH packets to everyone else', () => {
  const [first, second] = written(2)
  expect(first).toMatchObject({ cmd: 'publish', qos: 1, dup: false, retain: false, messageId: 1 })
  expect(first?.topic).toBe('clinic/ward-1/room-2/socket3')
  expect(second?.messageId).toBe(2)
})

test('packet ids above a byte keep both bytes', () => {
  expect(written(300).at(-1)?.messageId).toBe(300)
})

test('a payload is a reading of about 200 bytes with the time it was given', () => {
  const payload = written(1)[0]?.payload.toString() ?? ''
  expect(payload.length).toBeGreaterThan(180)
  expect(payload.length).toBeLessThan(220)
  expect(JSON.parse(payload)).toMatchObject({
    voltage: 230,
    socket_state: true,
    timestamp: '2026-11-23T09:00:00.123456Z',
  })
})

test('the energy counts the readings of a socket without a gap, over every carry', () => {
  const numbers = written(12_345).map(({ payload }) => {
    const { energy } = JSON.parse(payload.toString()) as { energy: number }
    return Math.round((energy - FIRST_ENERGY) / ENERGY_STEP)
  })
  expect(numbers).toEqual(Array.from({ length: 12_345 }, (_, index) => index))
})

test('a topic of any length is encoded', () => {
  expect(written(1, `clinic/${'long/'.repeat(100)}socket`)[0]?.topic).toHaveLength(513)
})

test('the clock has microseconds', () => {
  expect(clockText(Date.UTC(2026, 0, 1) + 0.0625)).toBe('2026-01-01T00:00:00.000062Z')
  expect(clockText(NOW)).toHaveLength(CLOCK_LENGTH)
})
