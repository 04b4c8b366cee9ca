import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { expect, test } from 'vitest'
import { createPublishScanner } from './publish-scanner.ts'

const publish = (messageId: number, payload: string) =>
  mqttPacket.generate({ cmd: 'publish', topic: 'a/b', payload, qos: 1, messageId, dup: false, retain: false })
const puback = (messageId: number) => mqttPacket.generate({ cmd: 'puback', messageId })

test('every packet is acknowledged once and in order, however the stream is cut', () => {
  const message = fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.string({ maxLength: 300 }))
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 20 }),
      fc.array(fc.nat({ max: 400 }), { maxLength: 40 }),
      (messages, cuts) => {
        let stream = Buffer.concat(messages.map(([id, payload]) => publish(id, payload)))
        const scanner = createPublishScanner()
        const answers: Buffer[] = []
        for (const cut of [...cuts, stream.length]) {
          const answer = scanner.scan(stream.subarray(0, cut))
          if (answer) answers.push(answer)
          stream = stream.subarray(cut)
        }
        expect(Buffer.concat(answers)).toEqual(Buffer.concat(messages.map(([id]) => puback(id))))
      },
    ),
  )
})

test('anything but PUBLISH is an error', () => {
  expect(() => createPublishScanner().scan(puback(1))).toThrow(/found type 4/)
})
