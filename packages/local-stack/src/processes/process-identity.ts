import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The command line of a running process, or null when there is none with that id (a zombie counts as none). */
export function commandLineOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null
    }
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}

/**
 * Whether `pid` is still a process of the stack in `dataDirectory`. Every process of a stack has that path on its command
 * line, so an id that the system has given to somebody else meanwhile is never mistaken for ours.
 */
export function isOurs(pid: number, dataDirectory: string): boolean {
  const line = ` ${commandLineOf(pid) ?? ''} `
  for (let at = line.indexOf(dataDirectory); at >= 0; at = line.indexOf(dataDirectory, at + 1)) {
    const before = line[at - 1] as string
    const after = line[at + dataDirectory.length] as string
    if (' ='.includes(before) && ' /'.includes(after)) return true
  }
  return false
}

/** The supervisor itself: its data directory may be the default, which is not on its command line. */
export function isSupervisor(pid: number): boolean {
  return commandLineOf(pid)?.includes('local-stack/src/main.') ?? false
}
