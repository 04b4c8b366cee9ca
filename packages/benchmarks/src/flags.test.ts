import { expect, test } from 'vitest'
import { FlagError, PARTS, parseFlags } from './flags.ts'

test('without flags everything is measured, for a minute a run', () => {
  expect(parseFlags([])).toEqual({
    parts: PARTS,
    quick: false,
    seconds: 60,
    sockets: 1_000,
    gateways: 1,
    writers: 1,
    rate: null,
    catchUpSeconds: 60,
    historyRows: 20_000_000,
    profile: false,
    json: false,
  })
})

test('a quick run leaves out what takes minutes', () => {
  expect(parseFlags(['--quick'])).toMatchObject({
    quick: true,
    seconds: 5,
    catchUpSeconds: 10,
    parts: ['pipeline', 'floors', 'stages', 'catch-up', 'storage'],
  })
})

test('parts are run in their own order whatever order they are asked for in', () => {
  expect(parseFlags(['--only', 'storage, pipeline', '--quick'])).toMatchObject({ parts: ['pipeline', 'storage'] })
})

test.each([
  [['--only', 'all'], /--only knows pipeline, floors, .*, not "all"/],
  [['--seconds', '0'], /--seconds must be a whole number from 1 to 3600, not "0"/],
  [['--sockets', '1e3'], /--sockets must be a whole number from 1 to 100000, not "1e3"/],
  [['--fast'], /Unknown option '--fast'/],
])('%j is refused, saying what is allowed', (args, message) => {
  expect(() => parseFlags(args)).toThrow(FlagError)
  expect(() => parseFlags(args)).toThrow(message)
})

test('help is text, not a run', () => {
  expect(parseFlags(['-h'])).toBe('help')
})
