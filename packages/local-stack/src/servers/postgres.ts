import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createFileOnce } from '@iomt/credential-vault/key-file'
import pg from 'pg'
import { stopLeftovers } from '../processes/process-file.ts'
import { isOurs } from '../processes/process-identity.ts'
import type { ProcessDefinition } from '../processes/supervised-process.ts'
import { databaseDirectory, type StackDirectory } from '../stack-directory.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'

const run = promisify(execFile)

/** The database server of a stack. */
export interface PostgresPlan {
  readonly definition: ProcessDefinition
  /** URL of the database `iomt`. */
  readonly url: string
  /** The cluster was made just now. */
  readonly created: boolean
  readonly path: string
  /** Where the data lies when it cannot lie in the stack's own directory. */
  readonly moved: string | null
}

/** Makes the cluster when there is none; the definition starts it. */
export async function planPostgres(directory: StackDirectory, port: number): Promise<PostgresPlan> {
  const binaries = await findPostgresBinaries()
  const { path, moved } = databaseDirectory(directory.root, binaries.user !== undefined)
  createFileOnce(directory.databasePasswordFile, `${randomBytes(18).toString('base64url')}\n`)
  const password = readFileSync(directory.databasePasswordFile, 'utf8').trim()
  const url = (database: string) => `postgres://iomt:${password}@127.0.0.1:${port}/${database}`
  const created = !existsSync(join(path, 'PG_VERSION'))
  if (created) await initialise(binaries, path, password)

  return {
    url: url('iomt'),
    created,
    path,
    moved,
    definition: {
      name: 'postgres',
      command: binaries.postgres,
      args: [
        ...['-D', path, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
        // The stack's directory on the command line is how a later start knows the process as its own.
        ...['-c', 'max_connections=200', '-c', `cluster_name=iomt`, '-c', `event_source=${directory.root}`],
      ],
      // Root's locale may be one that these binaries do not have.
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      user: binaries.user,
      watchesParent: false,
      stopSignal: 'SIGINT',
      prepare: () => clearStaleLock(directory.root, path),
      ready: () => answers(url('postgres')),
    },
  }
}

/** The database `iomt`, made when it is missing. */
export async function ensureDatabase(url: string): Promise<void> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href })
  await client.connect()
  try {
    const { rowCount } = await client.query(`select from pg_database where datname = 'iomt'`)
    if (rowCount === 0) await client.query('create database iomt')
  } finally {
    await client.end()
  }
}

/** Made under another name first: what an interrupted initdb leaves is never taken for a cluster. */
async function initialise({ initdb, user }: PostgresBinaries, path: string, password: string): Promise<void> {
  const draft = `${path}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  const passwordFile = join(draft, '..', `${process.pid}.initdb-password`)
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (user) {
    chownSync(draft, user.uid, user.gid)
    chownSync(passwordFile, user.uid, user.gid)
  }
  try {
    await run(
      initdb,
      [
        ...['--pgdata', draft, '--username', 'iomt', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
        ...['--encoding', 'UTF8', '--locale', 'C'],
      ],
      { cwd: tmpdir(), env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }, ...user },
    )
    mkdirSync(dirname(path), { recursive: true })
    renameSync(draft, path)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/**
 * After `kill -9` or a power loss postmaster.pid stays. Postgres removes it by itself unless another process has that id
 * meanwhile; then it would refuse to start for ever. A postmaster that still runs on this cluster is stopped first.
 */
async function clearStaleLock(root: string, path: string): Promise<void> {
  const lock = join(path, 'postmaster.pid')
  if (!existsSync(lock)) return
  const pid = Number(readFileSync(lock, 'utf8').split('\n', 1)[0])
  if (pid > 1 && isOurs(pid, path)) await stopLeftovers(path, { postgres: pid })
  else if (pid > 1 && isOurs(pid, root)) return
  else rmSync(lock, { force: true })
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
