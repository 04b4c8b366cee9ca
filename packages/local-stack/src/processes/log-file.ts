import { existsSync, openSync, readFileSync, renameSync } from 'node:fs'

/** Opens a log anew for a start of the stack; the one of the start before is kept beside it as `….log.1`. */
export function rotateLog(path: string): void {
  if (existsSync(path)) renameSync(path, `${path}.1`)
}

/** For a child's standard output and error; appends, so that a restarted process does not hide why it died. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600)
}

/** The last lines of a log, JSON lines shortened to what a person wants to read. */
export function lastLines(path: string, count: number): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.trimEnd().split('\n').slice(-count).filter(Boolean).map(readable)
}

function readable(line: string): string {
  if (!line.startsWith('{')) return line.slice(0, 240)
  try {
    const { level, msg, reason, err } = JSON.parse(line) as {
      level?: number
      msg?: string
      reason?: string
      err?: { message?: string }
    }
    const name = (level ?? 30) >= 50 ? 'error' : (level ?? 30) >= 40 ? 'warn' : 'info'
    return [`${name}:`, msg, reason ?? err?.message].filter(Boolean).join(' ').slice(0, 240)
  } catch {
    return line.slice(0, 240)
  }
}
