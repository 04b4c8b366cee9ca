import { Type } from '@sinclair/typebox'
import { expect, test } from 'vitest'
import { ConfigurationError, parseEnvironment } from './parse-environment.ts'

const schema = Type.Object({
  NATS_URL: Type.String({ description: 'for example nats://127.0.0.1:4222' }),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535 }),
})

test('turns text into numbers, applies defaults and freezes', () => {
  const config = parseEnvironment(schema, { NATS_URL: 'nats://x', PORT: '81', UNRELATED: 'y' })
  expect(config).toEqual({ NATS_URL: 'nats://x', PORT: 81 })
  expect(Object.isFrozen(config)).toBe(true)
  expect(parseEnvironment(schema, { NATS_URL: 'nats://x', PORT: '' }).PORT).toBe(8080)
})

test('names the variable and its meaning, and never shows the value', () => {
  const parse = (environment: NodeJS.ProcessEnv) => () => parseEnvironment(schema, environment)
  expect(parse({})).toThrow(/NATS_URL is not set \(for example/)
  expect(parse({ NATS_URL: 'x', PORT: 'hunter2' })).toThrow(ConfigurationError)
  expect(parse({ NATS_URL: 'x', PORT: 'hunter2' })).toThrow(/PORT/)
  expect(parse({ NATS_URL: 'x', PORT: 'hunter2' })).not.toThrow(/hunter2/)
})
