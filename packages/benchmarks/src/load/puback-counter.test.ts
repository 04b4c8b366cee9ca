import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { expect, test } from 'vitest'
import { createPubackCounter } from './puback-counter.ts'

const puback = (messageId: number) => mqttPacket.generate({ cmd: 'puback', messageId })

test('every acknowledgement is counted once, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 65_535 })), fc.array(fc.nat({ max: 9 })), (ids, cuts) => {
      let stream = Buffer.concat(ids.map(puback))
      const counter = createPubackCounter()
      let completed = 0
      for (const cut of [...cuts, stream.length]) {
        completed += counter.add(stream.subarray(0, cut))
        stream = stream.subarray(cut)
      }
      expect({ completed, count: counter.count }).toEqual({ completed: ids.length, count: ids.length })
    }),
  )
})

test('any other packet is an error, also behind half a PUBACK', () => {
  const stream = Buffer.concat([puback(1), mqttPacket.generate({ cmd: 'pingresp' })])
  const counter = createPubackCounter()
  counter.add(stream.subarray(0, 2))
  expect(() => counter.add(stream.subarray(2))).toThrow(/packet type 13, not PUBACK/)
})
