import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { waitFor } from './wait-for.ts'

interface ProcessRow {
  pid: number
  parent: number
  state: string
}

/** Linux by /proc, because `ps` is not on every small machine; others by `ps`. */
const processes = (): Promise<ProcessRow[]> => (process.platform === 'linux' ? fromProc() : fromPs())

async function fromProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const rows = await Promise.all(
    pids.map(async (pid) => parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))),
  )
  return rows.filter((row) => row !== undefined)
}

/** proc(5): `pid (name) state parent …`; the name may hold spaces and parentheses. */
function parseStat(stat: string): ProcessRow | undefined {
  const match = /^(\d+) \(.*\) (\S) (\d+) /s.exec(stat)
  return match === null ? undefined : { pid: Number(match[1]), state: match[2] ?? '', parent: Number(match[3]) }
}

async function fromPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat='], { maxBuffer: 16 * 1024 * 1024 })
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), state: state ?? '' }
    })
}

/** Process ids of the direct children. */
export async function childrenOf(pid: number): Promise<number[]> {
  return (await processes()).filter((row) => row.parent === pid).map((row) => row.pid)
}

/** Sends a signal to each; one that has ended already is passed over. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // ended already
    }
  }
}

/**
 * Waits until all have ended. A zombie counts as ended: in a container whose first process does not reap, an orphan
 * stays one for ever.
 */
export async function waitUntilGone(pids: readonly number[], timeout: number): Promise<void> {
  const wanted = new Set(pids)
  await waitFor(async () => !(await processes()).some((row) => wanted.has(row.pid) && !row.state.startsWith('Z')), {
    what: `the end of processes ${pids.join(', ')}`,
    timeout,
  })
}
