import { parseArgs } from 'node:util'

export const PARTS = [
  'pipeline',
  'floors',
  'peers',
  'stages',
  'growth',
  'catch-up',
  'storage',
  'history',
  'stream',
] as const
const QUICK_PARTS = ['pipeline', 'floors', 'stages', 'catch-up', 'storage'] as const
export type Part = (typeof PARTS)[number]

/** What `npm run bench` was asked for. */
export interface BenchmarkFlags {
  readonly parts: readonly Part[]
  readonly quick: boolean
  /** Counted seconds of each run of the pipeline and the peers. */
  readonly seconds: number
  readonly sockets: number
  readonly gateways: number
  readonly writers: number
  /** Messages a second of one run instead of the search for the maximum. */
  readonly rate: number | null
  /** How long Postgres is away in `catch-up`. */
  readonly catchUpSeconds: number
  /** Readings that `history` fills before it asks. */
  readonly historyRows: number
  readonly profile: boolean
  readonly json: boolean
}

/** The command line cannot be used; the message says which flag and what is allowed. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

export const HELP = `npm run bench -- [flags]      measures the product, its floors and its peers on this machine

  --quick                 all but growth, peers, history and stream, with short runs, within 90 s
  --only PART,…           ${PARTS.join(', ')}
  --seconds N             counted seconds of a run (default 60, quick 5)
  --sockets N             sockets with a device each, 25 to a PDU (default 1000)
  --gateways N            default 1
  --writers N             default 1
  --rate N                pipeline: one run at N messages a second instead of the maximum and shares of it
  --catch-up-seconds N    how long Postgres is away (default 60, quick 10)
  --history-rows N        readings that are filled in for history (default 20000000)
  --profile               pipeline: CPU profiles of gateway and writer, and their top functions
  --json                  the raw figures to standard output instead of the table
  --help                  this text

A full run (no --only, no --quick) writes docs/performance.json and docs/performance.md; others write into .iomt.
`

const STRING = { type: 'string' } as const
const BOOLEAN = { type: 'boolean' } as const

/**
 * Reads the command line; `help` when it asks for the text.
 *
 * @throws FlagError for an unknown flag or a value that does not fit.
 */
export function parseFlags(args: readonly string[]): BenchmarkFlags | 'help' {
  const values = readValues(args)
  if (values.help === true) return 'help'
  const quick = values.quick === true
  return {
    parts: partsOf(values.only, quick),
    quick,
    seconds: numberOf('seconds', values.seconds, quick ? 5 : 60, 3_600),
    sockets: numberOf('sockets', values.sockets, 1_000, 100_000),
    gateways: numberOf('gateways', values.gateways, 1, 16),
    writers: numberOf('writers', values.writers, 1, 16),
    rate: values.rate === undefined ? null : numberOf('rate', values.rate, 0, 1_000_000),
    catchUpSeconds: numberOf('catch-up-seconds', values['catch-up-seconds'], quick ? 10 : 60, 86_400),
    historyRows: numberOf('history-rows', values['history-rows'], 20_000_000, 1_000_000_000),
    profile: values.profile === true,
    json: values.json === true,
  }
}

function readValues(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        quick: BOOLEAN,
        only: STRING,
        seconds: STRING,
        sockets: STRING,
        gateways: STRING,
        writers: STRING,
        rate: STRING,
        'catch-up-seconds': STRING,
        'history-rows': STRING,
        profile: BOOLEAN,
        json: BOOLEAN,
        help: { type: 'boolean', short: 'h' },
      },
    })
    return values
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)[0]
    throw new FlagError(`${reason}. See npm run bench -- --help`)
  }
}

function partsOf(text: string | undefined, quick: boolean): readonly Part[] {
  if (text === undefined) return quick ? QUICK_PARTS : PARTS
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(PARTS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new FlagError(`--only knows ${PARTS.join(', ')}, not "${unknown}"`)
  return PARTS.filter((part) => names.includes(part))
}

function numberOf(name: string, text: string | undefined, standard: number, maximum: number): number {
  if (text === undefined) return standard
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 1 && value <= maximum)) {
    throw new FlagError(`--${name} must be a whole number from 1 to ${maximum}, not "${text}"`)
  }
  return value
}
