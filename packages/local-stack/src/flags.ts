import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

/** What `npm start` was asked for. */
export interface StackFlags {
  readonly gateways: number
  readonly writers: number
  readonly pdus: number
  readonly socketsPerPdu: number
  /** Milliseconds between two readings of a socket. */
  readonly interval: number
  readonly simulator: boolean
  readonly dataDirectory: string
  /** Null: the one of the last start or the default, or a free one when it is taken. */
  readonly ports: Readonly<Record<PortName, number | null>>
}

export type PortName = 'api' | 'nats' | 'mqtt' | 'postgres'

export const DEFAULT_PORTS: Readonly<Record<PortName, number>> = { api: 8080, nats: 4222, mqtt: 1883, postgres: 5432 }

/** The command line cannot be used; the message says which flag and what is allowed. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

export const HELP = `npm start -- [flags]      runs the whole product on this machine

  --gateways N            MQTT gateways (default 1)
  --writers N             telemetry writers (default 1)
  --pdus N                simulated power distribution units (default 4)
  --sockets-per-pdu N     simulated sockets on each of them (default 8)
  --interval MS           milliseconds between two readings of a socket (default 1000)
  --no-simulator          no simulated ward
  --data-dir DIR          where data, keys and logs live (default .iomt)
  --api-port P            port of the REST API (default 8080)
  --nats-port P           port of NATS (default 4222)
  --mqtt-port P           port of the MQTT broker (default 1883)
  --postgres-port P       port of Postgres (default 5432)
  --help                  this text

A port given by a flag must be free. Others are those of the last start on the same data, else the defaults, and move to a free one
when they are taken.
Environment: NATS_URL and MQTT_URL use servers that run already instead of starting them; NATS_REPLICAS, TELEMETRY_MAX_GIB and
TELEMETRY_MAX_AGE_HOURS say how streams are made there.
`

const NUMBERS = {
  gateways: { default: 1, minimum: 1, maximum: 32 },
  writers: { default: 1, minimum: 1, maximum: 32 },
  pdus: { default: 4, minimum: 1, maximum: 1_000 },
  'sockets-per-pdu': { default: 8, minimum: 1, maximum: 256 },
  interval: { default: 1_000, minimum: 10, maximum: 3_600_000 },
  'api-port': { default: null, minimum: 1, maximum: 65_535 },
  'nats-port': { default: null, minimum: 1, maximum: 65_535 },
  'mqtt-port': { default: null, minimum: 1, maximum: 65_535 },
  'postgres-port': { default: null, minimum: 1, maximum: 65_535 },
} as const

const STRING = { type: 'string' } as const

/**
 * Reads the command line; `help` when it asks for the text.
 *
 * @throws FlagError for an unknown flag or a value that does not fit.
 */
export function parseFlags(args: readonly string[], workingDirectory: string): StackFlags | 'help' {
  const values = readValues(args)
  if (values.help === true) return 'help'
  const number = (name: keyof typeof NUMBERS) => numberOf(name, values[name])
  const dataDirectory = values['data-dir']
  if (dataDirectory === '') throw new FlagError('--data-dir needs a directory')
  const ports = {
    api: number('api-port'),
    nats: number('nats-port'),
    mqtt: number('mqtt-port'),
    postgres: number('postgres-port'),
  }
  refuseEqualPorts(ports)
  return {
    gateways: number('gateways') as number,
    writers: number('writers') as number,
    pdus: number('pdus') as number,
    socketsPerPdu: number('sockets-per-pdu') as number,
    interval: number('interval') as number,
    simulator: values['no-simulator'] !== true,
    dataDirectory: resolve(workingDirectory, dataDirectory ?? '.iomt'),
    ports,
  }
}

function refuseEqualPorts(ports: StackFlags['ports']): void {
  const flagOf = new Map<number, string>()
  for (const [name, port] of Object.entries(ports)) {
    if (port === null) continue
    const other = flagOf.get(port)
    if (other) throw new FlagError(`--${other}-port and --${name}-port are both ${port}; each needs a port of its own`)
    flagOf.set(port, name)
  }
}

function readValues(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        gateways: STRING,
        writers: STRING,
        pdus: STRING,
        'sockets-per-pdu': STRING,
        interval: STRING,
        'no-simulator': { type: 'boolean' },
        'data-dir': STRING,
        'api-port': STRING,
        'nats-port': STRING,
        'mqtt-port': STRING,
        'postgres-port': STRING,
        help: { type: 'boolean', short: 'h' },
      },
    })
    return values
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)[0]
    throw new FlagError(`${reason}. See npm start -- --help`)
  }
}

function numberOf(name: keyof typeof NUMBERS, text: string | undefined): number | null {
  const { default: standard, minimum, maximum } = NUMBERS[name]
  if (text === undefined) return standard
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= minimum && value <= maximum)) {
    throw new FlagError(`--${name} must be a whole number from ${minimum} to ${maximum}, not "${text}"`)
  }
  return value
}
