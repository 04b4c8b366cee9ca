import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAudience } from './audience.ts'
import type { StreamClient } from './stream-client.ts'
import { passes, type StreamFilter } from './stream-filter.ts'
import type { StreamReading } from './stream-reading.ts'

const anyOf = (...ids: string[]) => fc.constantFrom(...ids)
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
const aFilter: fc.Arbitrary<StreamFilter> = fc.record({
  organization_id: maybe(anyOf('o1', 'o2')),
  department_id: maybe(anyOf('d1', 'd2')),
  pdu_id: maybe(anyOf('p1', 'p2')),
  socket_id: maybe(anyOf('s1', 's2', 's3')),
  device_id: maybe(anyOf('v1', 'v2')),
  measurements: maybe(fc.subarray(['voltage', 'current'] as const, { minLength: 1 })),
})
const aMessage = fc.record({
  organization_id: anyOf('o1', 'o2'),
  department_id: maybe(anyOf('d1', 'd2')),
  pdu_id: anyOf('p1', 'p2'),
  socket_id: anyOf('s1', 's2', 's3'),
  device_id: maybe(anyOf('v1', 'v2')),
  measurements: anyOf('voltage', 'current').map((name) => ({ [name]: 1 })),
})

function recordingClient(): StreamClient & { text: string } {
  return {
    text: '',
    write(bytes: Uint8Array) {
      this.text += Buffer.from(bytes).toString()
    },
  } as StreamClient & { text: string }
}

test('whoever comes and goes, each client gets exactly the readings that pass its filter while it is there, in order', () => {
  const step = fc.oneof(
    fc.record({ add: aFilter }),
    fc.record({ remove: fc.nat(20) }),
    fc.record({ deliver: aMessage }),
    fc.constant('flush' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let events = 0
      const audience = createAudience((count) => {
        events += count
      })
      const present: { client: ReturnType<typeof recordingClient>; filter: StreamFilter }[] = []
      const expected = new Map<StreamClient, string>()
      let expectedEvents = 0
      for (const [index, action] of steps.entries()) {
        if (action === 'flush') {
          audience.flush()
        } else if ('add' in action) {
          // As the hub does it: what waits belongs to those who were there before.
          audience.flush()
          const client = recordingClient()
          audience.add(client, action.add)
          present.push({ client, filter: action.add })
          expected.set(client, '')
        } else if ('remove' in action) {
          audience.flush()
          const [gone] = present.splice(action.remove, 1)
          if (gone) audience.remove(gone.client)
        } else {
          const message = action.deliver as unknown as StreamReading['message']
          const event = (names: readonly string[] | null) => Buffer.from(`${index}:${names?.join('+') ?? 'all'};`)
          audience.deliver({ sequence: index, message, size: 1, event })
          for (const { client, filter } of present) {
            if (!passes(filter, message)) continue
            expected.set(client, expected.get(client) + event(filter.measurements).toString())
            expectedEvents += 1
          }
        }
      }
      audience.flush()
      for (const [client, text] of expected) expect((client as ReturnType<typeof recordingClient>).text).toBe(text)
      expect(events).toBe(expectedEvents)
    }),
    { numRuns: 500 },
  )
})
