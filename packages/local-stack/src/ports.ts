import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { commandLineOf } from './processes/process-identity.ts'

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Any port that was free a moment ago and is none of those that somebody is about to use. */
export async function freePort(reserved: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = await anyFreePort()
    if (!reserved.has(port)) return port
  }
}

function anyFreePort(): Promise<number> {
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
