import { expect, test } from 'vitest'
import { FlagError, parseFlags } from './flags.ts'

const parse = (...args: string[]) => parseFlags(args, '/data')

test('defaults', () => {
  expect(parse()).toEqual({
    gateways: 1,
    writers: 1,
    pdus: 4,
    socketsPerPdu: 8,
    interval: 1_000,
    simulator: true,
    dataDirectory: '/data/.iomt',
    ports: { api: null, nats: null, mqtt: null, postgres: null },
  })
})

test('every flag, with a space or an equals sign', () => {
  expect(
    parse(
      '--gateways',
      '3',
      '--writers=2',
      '--pdus',
      '5',
      '--sockets-per-pdu',
      '6',
      '--interval',
      '50',
      '--no-simulator',
    ),
  ).toMatchObject({ gateways: 3, writers: 2, pdus: 5, socketsPerPdu: 6, interval: 50, simulator: false })
  expect(
    parse('--data-dir', 'x', '--api-port', '1', '--nats-port', '2', '--mqtt-port', '3', '--postgres-port', '4'),
  ).toMatchObject({ dataDirectory: '/data/x', ports: { api: 1, nats: 2, mqtt: 3, postgres: 4 } })
  expect(parse('--data-dir', '/abs')).toMatchObject({ dataDirectory: '/abs' })
  expect(parse('--help')).toBe('help')
})

test('an unknown flag, a stray word and a value that does not fit are named', () => {
  expect(() => parse('--gateway', '3')).toThrow(/'--gateway'/)
  expect(() => parse('start')).toThrow(FlagError)
  expect(() => parse('--gateways')).toThrow(/--gateways/)
  expect(() => parse('--gateways', 'many')).toThrow('--gateways must be a whole number from 1 to 32, not "many"')
  expect(() => parse('--api-port', '0')).toThrow(/--api-port/)
  expect(() => parse('--interval', '1e3')).toThrow(/--interval/)
})

test('two servers cannot be asked to have one port', () => {
  expect(() => parse('--api-port', '8080', '--mqtt-port', '8080')).toThrow('--api-port and --mqtt-port are both 8080')
})
