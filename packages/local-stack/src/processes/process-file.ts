import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, type ProcessIdentity } from './process-identity.ts'

/** The stack's own process among them. */
export const SUPERVISOR = 'supervisor'

/** Ids of what runs, by name. */
export type ProcessIds = Record<string, number>

/** What runs, by name. */
export type Processes = Record<string, ProcessIdentity>

const pathOf = (dataDirectory: string) => join(dataDirectory, 'processes.json')

/** Replaces a file at once: a reader sees the old or the new one, never half of it. Mode 0600. */
export function writeAtomically(path: string, content: string): void {
  const draft = `${path}.${process.pid}.tmp`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, path)
}

/** Kept from the first process on, so that whatever a killed supervisor leaves behind is found by the next start. */
export function writeProcessFile(dataDirectory: string, processes: Processes): void {
  writeAtomically(pathOf(dataDirectory), `${JSON.stringify(processes, null, 2)}\n`)
}

export function removeProcessFile(dataDirectory: string): void {
  rmSync(pathOf(dataDirectory), { force: true })
}

/** Those of the last start that still run. */
export function runningProcesses(dataDirectory: string): Processes {
  let stored: unknown
  try {
    stored = JSON.parse(readFileSync(pathOf(dataDirectory), 'utf8'))
  } catch {
    return {}
  }
  const entries = Object.entries((stored ?? {}) as Record<string, Partial<ProcessIdentity> | null>)
  return Object.fromEntries(
    entries.flatMap(([name, entry]) => {
      const { pid, startedAt } = entry ?? {}
      if (typeof pid !== 'number' || pid <= 1 || pid === process.pid || typeof startedAt !== 'string') return []
      return isRunning({ pid, startedAt }) ? [[name, { pid, startedAt }]] : []
    }),
  )
}

/** Ends leftovers: Postgres by a fast shutdown, the others by SIGTERM; after `patience` ms what is left by SIGKILL. */
export async function stopLeftovers(leftovers: Processes, patience = 10_000): Promise<void> {
  const signalAll = (signal: (name: string) => NodeJS.Signals) => {
    for (const [name, leftover] of Object.entries(leftovers)) {
      if (!isRunning(leftover)) continue
      try {
        process.kill(leftover.pid, signal(name))
      } catch {
        // ended meanwhile
      }
    }
  }
  const someRun = () => Object.values(leftovers).some(isRunning)
  signalAll((name) => (name === 'postgres' ? 'SIGINT' : 'SIGTERM'))
  const deadline = performance.now() + patience
  while (someRun() && performance.now() < deadline) await sleep(50)
  signalAll((name) => (name === 'postgres' ? 'SIGQUIT' : 'SIGKILL'))
  while (someRun() && performance.now() < deadline + 5_000) await sleep(50)
}
