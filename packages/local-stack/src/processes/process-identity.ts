import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'

/** A process for good: ids are given again, but not with the same beginning. */
export interface ProcessIdentity {
  readonly pid: number
  /** Of no meaning but to be compared. */
  readonly startedAt: string
}

/** Whose id it is now; null when there is no such process (a zombie counts as none). */
export function identityOf(pid: number): ProcessIdentity | null {
  try {
    const startedAt =
      process.platform === 'linux' ? startOnLinux(pid) : output('ps', '-p', String(pid), '-o', 'lstart=')
    return startedAt ? { pid, startedAt } : null
  } catch {
    return null
  }
}

/** Whether it is still that process; wherever its files have been moved meanwhile, and under whatever name they are reached. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return identityOf(pid)?.startedAt === startedAt
}

/** Ticks since the boot, and which boot. The name of the program before them may hold spaces and parentheses (proc(5)). */
function startOnLinux(pid: number): string | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return null
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[18]}`
}

/** Whether a Postgres with that id serves the cluster there: its working directory is the cluster's. */
export function servesCluster(pid: number, path: string): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(path)
    return commandLineOf(pid)?.includes('postgres') ?? false
  } catch {
    return false
  }
}

/** The command line of a running process, or null when there is none with that id. */
export function commandLineOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux') return output('ps', '-p', String(pid), '-o', 'command=') || null
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null
  } catch {
    return null
  }
}

function output(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}
