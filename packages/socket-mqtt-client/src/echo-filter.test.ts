import { expect, test } from 'vitest'
import { createEchoFilter } from './echo-filter.ts'

const payload = Buffer.from('{"voltage":5}')

test('recognises each own publish once', () => {
  const filter = createEchoFilter(() => 0)
  filter.expect('a', payload)
  expect(filter.isEcho('b', payload)).toBe(false)
  expect(filter.isEcho('a', Buffer.from('{}'))).toBe(false)
  expect(filter.isEcho('a', payload)).toBe(true)
  expect(filter.isEcho('a', payload)).toBe(false)
})

test('forgets what failed and what never came back', () => {
  let now = 0
  const filter = createEchoFilter(() => now)
  filter.expect('a', payload)
  filter.cancel('a', payload)
  expect(filter.isEcho('a', payload)).toBe(false)
  filter.expect('a', payload)
  now = 61_000
  expect(filter.isEcho('a', payload)).toBe(false)
})
