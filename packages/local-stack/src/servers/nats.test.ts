import { expect, test } from 'vitest'
import { processorsOfNats } from './nats.ts'

test('nats-server leaves one of two processors to the services, and on more it decides itself', () => {
  expect(processorsOfNats(2, undefined)).toEqual({ GOMAXPROCS: '1' })
  expect(processorsOfNats(1, undefined)).toEqual({ GOMAXPROCS: '1' })
  expect(processorsOfNats(4, undefined)).toEqual({})
})

test('what the environment says holds', () => {
  expect(processorsOfNats(2, '2')).toEqual({ GOMAXPROCS: '2' })
})
