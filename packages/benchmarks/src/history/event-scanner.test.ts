import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEventScanner } from './event-scanner.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'
const OTHERS = ['retry: 2000\nid: 7\n\n', ': heartbeat\n\n', 'id: 8\nevent: gap\ndata: {"lost":1}\n\n']
const reading = (number: number) => `id: ${number}\nevent: telemetry\ndata: {"number":${number}}\n\n`
/** As Node writes it: each event with its length before it. */
const written = (event: string) => `${event.length.toString(16)}\r\n${event}\r\n`

test('every reading is found once and whole, however the stream is cut', () => {
  const event = fc.oneof(fc.nat({ max: 999 }).map(reading), fc.constantFrom(...OTHERS))
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), fc.array(fc.nat({ max: 60 })), (events, cuts) => {
      let stream = Buffer.from(HEAD + events.map(written).join(''))
      const found: string[] = []
      const scanner = createEventScanner((bytes) => found.push(bytes.toString()))
      for (const cut of [...cuts, stream.length]) {
        scanner.add(stream.subarray(0, cut))
        stream = stream.subarray(cut)
      }
      const readings = events.filter((text) => text.includes('telemetry'))
      expect(found).toEqual(readings.map((text) => text.slice(text.indexOf('event:'), -2)))
      expect(scanner.count).toBe(readings.length)
    }),
  )
})
