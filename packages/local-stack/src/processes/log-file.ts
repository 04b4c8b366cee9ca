import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, statSync } from 'node:fs'

/** Opens a log anew for a start of the stack; the one of the start before is kept beside it as `….log.1`. */
export function rotateLog(path: string): void {
  if (existsSync(path)) renameSync(path, `${path}.1`)
}

/** For a child's standard output and error; appends, so that a restarted process does not hide why it died. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600)
}

/** What is written to a log from now on: what a process wrote before it died is not taken for its successor's. */
export function followLog(path: string): () => string {
  const start = sizeOf(path)
  return () => {
    const buffer = Buffer.alloc(Math.max(0, sizeOf(path) - start))
    if (buffer.length === 0) return ''
    const file = openSync(path, 'r')
    try {
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, start))
    } finally {
      closeSync(file)
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** The last lines of a log, JSON lines shortened to what a person wants to read; where in the code it was, they do not say. */
export function lastLines(path: string, count: number): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !STACK_FRAME.test(line))
  return lines.slice(-count).map(readable)
}

const STACK_FRAME = /^\s+at /

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
