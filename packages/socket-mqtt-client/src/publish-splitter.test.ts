import fc from 'fast-check'
import { generate, type Packet } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { createPublishSplitter } from './publish-splitter.ts'
import type { IncomingPublish } from './transport.ts'

const publish = fc
  .record({
    topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    // Around the lengths at which the header's length field grows.
    size: fc.oneof(fc.nat(300), fc.constantFrom(16_300, 16_384, 70_000)),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    messageId: fc.integer({ min: 1, max: 65_535 }),
    dup: fc.boolean(),
    retain: fc.boolean(),
    properties: fc.option(fc.record({ contentType: fc.string({ maxLength: 200 }) }), { nil: undefined }),
  })
  .map(({ size, dup, properties, ...rest }) => ({
    cmd: 'publish' as const,
    payload: Buffer.alloc(size, size % 256),
    dup: rest.qos > 0 && dup,
    ...rest,
    ...(properties ? { properties } : {}),
  }))
const other = fc.constantFrom(
  { cmd: 'pingresp' as const },
  { cmd: 'pubrel' as const, messageId: 7, qos: 1 as const },
  { cmd: 'suback' as const, messageId: 9, granted: [1, 128] },
)
const traffic = fc.array(fc.oneof({ weight: 3, arbitrary: publish }, { weight: 1, arbitrary: other }), {
  maxLength: 30,
})

for (const protocolVersion of [4, 5] as const) {
  test(`MQTT ${protocolVersion}: finds every message and leaves every other byte, however they are cut and held`, () => {
    fc.assert(
      fc.property(
        traffic,
        fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        (packets, cuts, holds) => {
          const bytes = packets.map((packet) => generate(packet as Packet, { protocolVersion }))
          const messages: IncomingPublish[] = []
          const rest: Buffer[] = []
          const waiting: Array<() => void> = []
          let holding = false
          const splitter = createPublishSplitter(protocolVersion, {
            onPublish(message, next) {
              expect(holding).toBe(false)
              messages.push(message)
              if (holds[messages.length % holds.length]) waiting.push(next)
              else next()
            },
            onOther: (packet) => rest.push(packet),
            onMalformed: (reason) => expect.fail(reason),
            onHold(held) {
              holding = held
            },
          })
          const stream = Buffer.concat(bytes)
          for (let at = 0, cut = 0; at < stream.length; cut += 1) {
            const size = cuts[cut % cuts.length] as number
            splitter.push(stream.subarray(at, at + size))
            at += size
            if (cut % 2 === 1) waiting.shift()?.()
          }
          while (waiting.length > 0) waiting.shift()?.()
          expect(Buffer.concat(rest)).toEqual(
            Buffer.concat(bytes.filter((_bytes, index) => packets[index]?.cmd !== 'publish')),
          )
          expect(messages).toEqual(
            packets
              .filter((packet) => packet.cmd === 'publish')
              .map(({ topic, payload, qos, dup, retain, messageId }) => ({
                topic,
                payload,
                payloadBytes: payload.length,
                qos,
                dup,
                retain,
                packetId: qos > 0 ? messageId : undefined,
              })),
          )
        },
      ),
    )
  })
}

/** What a splitter that keeps 1,000 bytes of a payload finds in a stream. */
function keepingAThousand(protocolVersion: 4 | 5) {
  const messages: IncomingPublish[] = []
  const others: Buffer[] = []
  const reasons: string[] = []
  const waiting: Array<() => void> = []
  const handlers = {
    onPublish(message: IncomingPublish, next: () => void) {
      messages.push(message)
      waiting.push(next)
    },
    onOther: (packet: Buffer) => void others.push(packet),
    onMalformed: (reason: string) => void reasons.push(reason),
    onHold() {},
  }
  return { messages, others, reasons, waiting, splitter: createPublishSplitter(protocolVersion, handlers, 1_000) }
}

test.each([4, 5] as const)(
  'MQTT %i: of a payload above what is kept only the beginning, once all of it has come',
  (protocolVersion) => {
    const sizes = fc.array(fc.constantFrom(0, 999, 1_000, 1_001, 70_000, 300_000, 500_000), {
      minLength: 1,
      maxLength: 5,
    })
    const cuts = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1 })
    fc.assert(
      fc.property(sizes, cuts, fc.nat(30), (payloadSizes, pieces, topicLength) => {
        const { messages, others, reasons, waiting, splitter } = keepingAThousand(protocolVersion)
        const topic = 't'.repeat(1 + topicLength)
        const payloads = payloadSizes.map((size, index) => Buffer.alloc(size, `${index}…`))
        const stream = Buffer.concat(
          payloads.flatMap((payload, index) => [
            generate(
              { cmd: 'publish', topic, payload, qos: 1, messageId: index + 1, dup: false, retain: false },
              { protocolVersion },
            ),
            generate({ cmd: 'pingresp' }),
          ]),
        )
        for (let at = 0, piece = 0; at < stream.length; piece += 1) {
          const size = pieces[piece % pieces.length] as number
          splitter.push(stream.subarray(at, at + size))
          at += size
          if (piece % 2 === 1) waiting.shift()?.()
        }
        while (waiting.length > 0) waiting.shift()?.()
        expect(reasons).toEqual([])
        expect(others).toHaveLength(payloads.length)
        expect(messages.map(({ packetId, payloadBytes }) => [packetId, payloadBytes])).toEqual(
          payloadSizes.map((size, index) => [index + 1, size]),
        )
        for (const [index, message] of messages.entries()) {
          expect(message.payload.equals((payloads[index] as Buffer).subarray(0, 1_000))).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  },
)

test('a payload of 200 MB is held in no more memory than is kept of it, and told of after its last byte', () => {
  const { messages, waiting, splitter } = keepingAThousand(4)
  const pieces = 3_200
  const piece = Buffer.alloc(65_536)
  // 3.3: header, length in seven bits a byte, topic 'a'.
  let length = pieces * piece.length + 3
  const header = [0x30]
  for (; length > 127; length >>= 7) header.push((length & 0x7f) | 0x80)
  splitter.push(Buffer.from([...header, length, 0, 1, 0x61]))
  for (let sent = 0; sent < pieces; sent += 1) {
    expect(messages).toHaveLength(0)
    // A buffer of its own each, as a socket has.
    splitter.push(Buffer.from(piece))
  }
  const [message] = messages
  expect(message).toMatchObject({ topic: 'a', payloadBytes: pieces * piece.length })
  expect(message?.payload.length).toBe(1_000)
  expect(message?.payload.buffer.byteLength).toBeLessThan(200_000)
  waiting[0]?.()
  splitter.push(Buffer.from([0x30, 0x04, 0, 1, 0x62, 0x63]))
  expect(messages[1]).toMatchObject({ topic: 'b', payload: Buffer.from('c'), payloadBytes: 1 })
})

test('a message with more properties than are kept is told of by its size, and the next one is found', () => {
  const userProperties = { note: Array.from({ length: 50 }, () => 'x'.repeat(60_000)) }
  const bytes = [3, 0].map((size, index) =>
    generate(
      {
        ...{ cmd: 'publish', topic: 'ward', payload: Buffer.alloc(size, 'p'), qos: 1, messageId: index + 1 },
        ...{ dup: false, retain: false, properties: index === 0 ? { userProperties } : {} },
      } as Packet,
      { protocolVersion: 5 },
    ),
  )
  const messages: IncomingPublish[] = []
  const splitter = createPublishSplitter(
    5,
    {
      onPublish(message, next) {
        messages.push(message)
        next()
      },
      onOther: () => expect.fail('no other packet'),
      onMalformed: (reason) => expect.fail(reason),
      onHold() {},
    },
    1_000,
  )
  const stream = Buffer.concat(bytes)
  for (let at = 0; at < stream.length; at += 65_536) splitter.push(stream.subarray(at, at + 65_536))
  expect(messages.map(({ packetId, payload, payloadBytes }) => [packetId, payload.length, payloadBytes])).toEqual([
    [1, 0, 3],
    [2, 0, 0],
  ])
})

test('a packet that is no message and larger than any broker sends ends it', () => {
  const { others, reasons, splitter } = keepingAThousand(4)
  splitter.push(Buffer.from([0x90, 0xff, 0xff, 0xff, 0x7f, 0, 1]))
  expect(reasons).toEqual(['a packet of 268435460 bytes that is no message'])
  expect(others).toEqual([])
})

test('bytes that are no MQTT end it, with a reason', () => {
  const reasons: string[] = []
  const pushed = (bytes: number[], protocolVersion: 4 | 5 = 4) => {
    const splitter = createPublishSplitter(protocolVersion, {
      onPublish: () => expect.fail('no message'),
      onOther: () => expect.fail('no packet'),
      onMalformed: (reason) => reasons.push(reason),
      onHold() {},
    })
    splitter.push(Buffer.from(bytes))
    splitter.push(Buffer.from([0x30, 0x04, 0, 1, 0x61, 0x62]))
    return reasons.splice(0)
  }
  expect(pushed([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])).toEqual(['a packet with a length of more than four bytes'])
  const short = ['a PUBLISH of QoS 3, or one that is shorter than its own lengths']
  expect(pushed([0x30, 0x01, 0x00])).toEqual(short)
  expect(pushed([0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01])).toEqual(short)
  expect(pushed([0x30, 0x03, 0x00, 0x09, 0x61])).toEqual(short)
  expect(pushed([0x32, 0x03, 0x00, 0x01, 0x61])).toEqual(short)
  expect(pushed([0x30, 0x04, 0x00, 0x01, 0x61, 0x7f], 5)).toEqual(short)
})
