import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAcknowledgementQueue } from './acknowledgement-queue.ts'

test('whatever the order of storing, acknowledgements leave in the order of receipt, each once, none early', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.integer(), (count, seed) => {
      const queue = createAcknowledgementQueue()
      const pending = Array.from({ length: count }, (_, index) => queue.enqueue(index + 1, 1, 0))
      const shuffled = shuffle(pending, seed)
      const stored = new Set<number>()
      const sent: number[] = []
      for (const entry of shuffled) {
        stored.add(entry.packetId)
        for (const ready of queue.stored(entry)) {
          expect(stored.has(ready.packetId)).toBe(true)
          sent.push(ready.packetId)
        }
      }
      expect(sent).toEqual(pending.map((entry) => entry.packetId))
      expect(queue.length).toBe(0)
    }),
    { numRuns: 50 },
  )
})

test('an old message that is not stored holds the later ones back', () => {
  const queue = createAcknowledgementQueue()
  const [first, second] = [queue.enqueue(1, 1, 70), queue.enqueue(2, 2, 60)]
  expect(queue.stored(second)).toEqual([])
  expect([queue.length, queue.oldest(80), queue.oldest(50)]).toEqual([2, 60, 50])
  expect(queue.stored(first).map((entry) => entry.packetId)).toEqual([1, 2])
  expect(queue.oldest(80)).toBe(80)
})

function shuffle<Value>(values: readonly Value[], seed: number): Value[] {
  let state = seed | 1
  return values
    .map((value) => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
      return { value, order: state }
    })
    .sort((one, other) => one.order - other.order)
    .map(({ value }) => value)
}
