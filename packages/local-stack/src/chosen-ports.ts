import { readFileSync } from 'node:fs'
import { DEFAULT_PORTS, type PortName } from './flags.ts'
import { freePort, isFree, portHolder } from './ports.ts'
import { writeAtomically } from './processes/process-file.ts'

/** A port that was asked for by a flag is taken; the message says by whom. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
}

export interface PortRequest {
  /** Of the flags; null: not asked for. */
  readonly wanted: Readonly<Record<PortName, number | null>>
  /** Those that need a port; the others are servers that run already. */
  readonly needed: readonly PortName[]
  /** Of the last start. */
  readonly remembered: Partial<Record<PortName, number>>
}

export interface ChosenPorts {
  readonly ports: Readonly<Record<PortName, number>>
  /** For each port that is not where it was looked for: what to tell. */
  readonly moves: readonly string[]
}

/**
 * The ports to use on 127.0.0.1, all different: those of the flags, which must be free, then those of the last start, with which
 * PDUs may be configured, or the defaults, or any free ones.
 *
 * @throws PortTakenError
 */
export async function choosePorts({ wanted, needed, remembered }: PortRequest): Promise<ChosenPorts> {
  const ports = { ...DEFAULT_PORTS, ...remembered }
  const reserved = new Set<number>()
  const moves: string[] = []
  const take = (name: PortName, port: number) => {
    ports[name] = port
    reserved.add(port)
  }
  for (const name of needed) {
    const port = wanted[name]
    if (port === null) continue
    if (!(await isFree(port))) throw new PortTakenError(`--${name}-port ${port} is ${inUse(port)}; choose another one`)
    take(name, port)
  }
  for (const name of needed.filter((name) => wanted[name] === null)) {
    const [first, ...others] = [...new Set([remembered[name] ?? DEFAULT_PORTS[name], DEFAULT_PORTS[name]])]
    const usable = async (port: number) => !reserved.has(port) && (await isFree(port))
    if (await usable(first as number)) {
      take(name, first as number)
      continue
    }
    let moved: number | null = null
    for (const port of others) if (moved === null && (await usable(port))) moved = port
    take(name, moved ?? (await freePort(reserved)))
    const why = reserved.has(first as number) ? 'asked for by another flag' : inUse(first as number)
    moves.push(`the ${name} port is ${ports[name]} now: ${first} is ${why}`)
  }
  return { ports, moves }
}

function inUse(port: number): string {
  const holder = portHolder(port)
  return `in use${holder ? ` by ${holder}` : ''}`
}

/** What an earlier start has chosen; nothing when there was none. */
export function readRememberedPorts(path: string): Partial<Record<PortName, number>> {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Partial<Record<PortName, unknown>>
    const names = Object.keys(DEFAULT_PORTS) as PortName[]
    return Object.fromEntries(names.flatMap((name) => (isPort(stored[name]) ? [[name, stored[name]]] : [])))
  } catch {
    return {}
  }
}

export function rememberPorts(path: string, ports: Readonly<Record<PortName, number>>): void {
  writeAtomically(path, `${JSON.stringify(ports, null, 2)}\n`)
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 65_535
}
