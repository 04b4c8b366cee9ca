import { execFile } from 'node:child_process'
import { chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { PostgresBinaries } from './postgres-binaries.ts'

const run = promisify(execFile)

export interface InitdbSurroundings {
  /** Ends it. */
  readonly signal: AbortSignal
  /** Its id while it runs, then null. */
  readonly onProcess: (pid: number | null) => void
}

const draftOf = (path: string) => `${path}.new`
const passwordFileOf = (path: string) => `${path}.initdb-password`

/** What an interrupted start has left: half a cluster, and a file with its password. */
export function removeInitdbRemains(path: string): void {
  rmSync(passwordFileOf(path), { force: true })
  rmSync(draftOf(path), { recursive: true, force: true })
}

/** Made under another name first: what an interrupted initdb leaves is never taken for a cluster. */
export async function initialiseCluster(
  { initdb, user }: PostgresBinaries,
  path: string,
  password: string,
  { signal, onProcess }: InitdbSurroundings,
): Promise<void> {
  const draft = draftOf(path)
  const passwordFile = passwordFileOf(path)
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (user) {
    chownSync(draft, user.uid, user.gid)
    chownSync(passwordFile, user.uid, user.gid)
  }
  try {
    const running = run(
      initdb,
      [
        ...['--pgdata', draft, '--username', 'iomt', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
        ...['--encoding', 'UTF8', '--locale', 'C'],
      ],
      { cwd: tmpdir(), env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, signal, ...user },
    )
    const { child } = running
    onProcess(child.pid ?? null)
    // An abort rejects at once; what ends then still writes.
    const ended = new Promise<void>((resolve) => (child.pid ? child.once('exit', () => resolve()) : resolve()))
    const [made] = await Promise.allSettled([running, ended])
    if (made.status === 'rejected') throw made.reason
    mkdirSync(dirname(path), { recursive: true })
    renameSync(draft, path)
  } finally {
    rmSync(passwordFile, { force: true })
    onProcess(null)
  }
}
