import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { commandLineOf } from './processes/process-identity.ts'

/** A port that was asked for by a flag is taken; the message says by whom. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
}

/**
 * The port to use on 127.0.0.1: the one of the flag, which must be free, or the default, or any free one.
 *
 * @throws PortTakenError
 */
export async function choosePort(name: string, wanted: number | null, standard: number): Promise<number> {
  if (wanted !== null) {
    if (await isFree(wanted)) return wanted
    const holder = portHolder(wanted)
    throw new PortTakenError(`--${name}-port ${wanted} is in use${holder ? ` by ${holder}` : ''}; choose another one`)
  }
  return (await isFree(standard)) ? standard : await freePort()
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Any port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

/** Whether something accepts connections there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(500, () => done(false))
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}

/** `nginx (process 123)`: who listens on a port, where the system lets us see it. */
export function portHolder(port: number): string | null {
  if (process.platform !== 'linux') return null
  try {
    const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)))
    if (inodes.size === 0) return null
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      if (holdsInode(pid, inodes)) return `${programOf(Number(pid))} (process ${pid})`
    }
  } catch {
    // Without /proc the message does without the name.
  }
  return null
}

/** Rows of state 0A (LISTEN) whose local address ends in the port; the tenth column is the socket's inode. */
function listeningInodes(table: string, port: number): string[] {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(table, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${hexadecimal}`) && columns[3] === '0A')
    .map((columns) => columns[9] ?? '')
}

function holdsInode(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const target = readlinkSync(`/proc/${pid}/fd/${descriptor}`)
      return inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')
    })
  } catch {
    return false
  }
}

function programOf(pid: number): string {
  return commandLineOf(pid)?.split(' ')[0]?.split('/').at(-1) ?? 'a process'
}
