import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createFileOnce } from '@iomt/credential-vault/key-file'
import pg from 'pg'
import { identityOf, servesCluster } from '../processes/process-identity.ts'
import type { ProcessDefinition } from '../processes/supervised-process.ts'
import { type DatabaseDirectory, databaseDirectory, type StackDirectory } from '../stack-directory.ts'
import { type InitdbSurroundings, initialiseCluster, removeInitdbRemains } from './initdb.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'

/** The database server of a stack. */
export interface PostgresPlan {
  readonly definition: ProcessDefinition
  /** URL of the database `iomt`. */
  readonly url: string
  /** The cluster was made just now. */
  readonly created: boolean
  readonly directory: DatabaseDirectory
}

export interface PostgresOptions {
  readonly port: number
  readonly writers: number
  /** While the cluster is made. */
  readonly initdb: InitdbSurroundings
}

/** Makes the cluster when there is none; the definition starts it. */
export async function planPostgres(directory: StackDirectory, options: PostgresOptions): Promise<PostgresPlan> {
  const { port } = options
  const binaries = await findPostgresBinaries()
  const database = databaseDirectory(directory.root, binaries.user !== undefined)
  const { path } = database
  createFileOnce(directory.databasePasswordFile, `${randomBytes(18).toString('base64url')}\n`)
  const password = readFileSync(directory.databasePasswordFile, 'utf8').trim()
  const url = (database: string) => `postgres://iomt:${password}@127.0.0.1:${port}/${database}`
  const created = !existsSync(join(path, 'PG_VERSION'))
  removeInitdbRemains(path)
  if (created) await initialiseCluster(binaries, path, password, options.initdb)

  return {
    url: url('iomt'),
    created,
    directory: database,
    definition: {
      name: 'postgres',
      command: binaries.postgres,
      args: [
        ...['-D', path, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
        ...['-c', `max_connections=${maxConnections(options.writers)}`, '-c', 'cluster_name=iomt'],
      ],
      // Root's locale may be one that these binaries do not have.
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      user: binaries.user,
      watchesParent: false,
      stopSignal: 'SIGINT',
      prepare: () => clearStaleLock(path),
      readyLine: 'database system is ready to accept connections',
      ready: () => answers(url('postgres')),
    },
  }
}

/** Seven for each writer and some for its successor after a crash; config-api and whoever looks on share a hundred. */
export function maxConnections(writers: number): number {
  return Math.max(200, 100 + 10 * writers)
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

/**
 * After `kill -9` or a power loss postmaster.pid stays. Postgres removes it by itself unless another process has that id
 * meanwhile; then it would refuse to start for ever. It is left alone where a Postgres serves the cluster: that is none of the
 * last start, which has been stopped by now, and two of them would ruin it.
 */
function clearStaleLock(path: string): void {
  const lock = join(path, 'postmaster.pid')
  if (!existsSync(lock)) return
  const pid = Number(readFileSync(lock, 'utf8').split('\n', 1)[0])
  if (servesCluster(pid, path)) {
    throw new Error(`Another Postgres (process ${pid}) serves ${path}; stop it first: kill -INT ${pid}`)
  }
  if (identityOf(pid)) rmSync(lock, { force: true })
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
