import { hash } from 'node:crypto'

/** Milliseconds after which an expected echo is given up: the broker would have sent it long ago. */
const ECHO_LIFETIME = 60_000

/**
 * Recognises our own publishes when they come back through our own subscription. MQTT 5 has "no local" for that; in 3.1.1
 * the first message with the same topic and content is taken to be the echo.
 */
export interface EchoFilter {
  expect(topic: string, payload: Uint8Array): void
  /** The publish failed before it left: nothing comes back. */
  cancel(topic: string, payload: Uint8Array): void
  /** True once for each expected echo. */
  isEcho(topic: string, payload: Uint8Array): boolean
}

export function createEchoFilter(now: () => number): EchoFilter {
  const expected = new Map<string, number[]>()
  const keyOf = (topic: string, payload: Uint8Array) => `${topic}\n${hash('sha1', payload, 'base64')}`
  const take = (key: string): boolean => {
    const times = expected.get(key)
    if (!times) return false
    const oldest = now() - ECHO_LIFETIME
    while (times.length > 0 && (times[0] as number) < oldest) times.shift()
    const found = times.shift() !== undefined
    if (times.length === 0) expected.delete(key)
    return found
  }
  return {
    expect(topic, payload) {
      const key = keyOf(topic, payload)
      expected.set(key, [...(expected.get(key) ?? []), now()])
    },
    cancel(topic, payload) {
      take(keyOf(topic, payload))
    },
    isEcho(topic, payload) {
      // Hashing every message for the rare command would cost 1 µs each.
      return expected.size > 0 && take(keyOf(topic, payload))
    },
  }
}
