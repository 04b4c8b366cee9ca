import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { type GuardedProcess, spawnGuarded } from './guarded-process.ts'
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts'
import { childrenOf, signalAll, waitUntilGone } from './process-tree.ts'
import { accepts } from './tcp-port.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { waitFor } from './wait-for.ts'

/** How a test wants its Postgres. */
export interface StartPostgresOptions {
  /** Default: a free one, kept over restarts. */
  port?: number
  /** A data directory to go on with or to create; default: a temporary one, removed by `stop`. */
  dataDirectory?: string
  /** Settings as for `postgres -c`. */
  settings?: Readonly<Record<string, string | number>>
}

/** A Postgres 18 server process with Postgres' own durable settings (fsync on, synchronous commit). */
export interface PostgresServer {
  /** URL of the database `postgres`, as superuser. */
  readonly url: string
  readonly port: number
  readonly dataDirectory: string
  /** Process id of the postmaster; changes with a restart. */
  readonly pid: number
  /** SIGKILL to the postmaster; waits until its children are gone and the port is free. */
  kill9(): Promise<void>
  /** SIGSTOP to the postmaster and all its children: connections stay open and nothing answers. */
  freeze(): Promise<void>
  resume(): Promise<void>
  /** Starts it again with the same port and data, stopping it first when it still runs. */
  restart(): Promise<void>
  /** Ends it, and removes the data directory when it is a temporary one. */
  stop(): Promise<void>
  /** What the current process has logged. */
  log(): string
}

/** Starts a Postgres of the test's own; about 2 s, most of it initdb. */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await postgresBinaries()
  const directory = options.dataDirectory === undefined ? temporaryDirectory('postgres') : undefined
  const temporary = directory === undefined ? [] : [directory]
  const dataDirectory = options.dataDirectory ?? join(directory ?? '', 'data')
  const port = options.port ?? (await freePort())
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`
  const removeDirectory = () => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  }

  const launch = async (): Promise<GuardedProcess> => {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      ...options.settings,
    }
    const started = spawnGuarded({
      command: binaries.postgres,
      args: [
        ...['-D', dataDirectory, '-p', String(port)],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      // Root's locale settings may name one that Postgres does not have.
      env: { ...process.env, LC_ALL: 'C' },
      uid: binaries.uid,
      gid: binaries.gid,
      removeWhenOrphaned: temporary,
      orphanSignal: 'QUIT',
    })
    await waitFor(async () => !started.running() || (await answers(url)), {
      what: `postgres on port ${port}`,
      timeout: 30_000,
    })
    if (!started.running()) throw new Error(`postgres ended at once:\n${started.output()}`)
    return started
  }

  const firstLaunch = async () => {
    if (!existsSync(join(dataDirectory, 'PG_VERSION'))) await initialise(binaries, dataDirectory, temporary)
    return launch()
  }

  let server = await firstLaunch().catch((error: unknown) => {
    removeDirectory()
    throw error
  })
  let frozen: number[] = []
  const resume = async () => {
    signalAll(frozen, 'SIGCONT')
    frozen = []
  }
  const shutDown = async (signal: NodeJS.Signals) => {
    await resume()
    server.signal(signal)
    await server.exited
  }

  return {
    url,
    port,
    dataDirectory,
    get pid() {
      return server.pid
    },
    async kill9() {
      if (!server.running()) return
      const children = await childrenOf(server.pid)
      server.signal('SIGKILL')
      await resume()
      await server.exited
      // Children notice the postmaster's death by themselves; one amid a long statement does so only after it.
      await waitUntilGone(children, 2_000).catch(async () => {
        signalAll(children, 'SIGKILL')
        await waitUntilGone(children, 10_000)
      })
      await waitFor(async () => !(await accepts(port)), { what: `port ${port} to be free` })
    },
    async freeze() {
      // The postmaster first, so that it makes no children meanwhile.
      server.signal('SIGSTOP')
      frozen = [server.pid, ...(await childrenOf(server.pid))]
      signalAll(frozen, 'SIGSTOP')
    },
    resume,
    async restart() {
      await shutDown('SIGINT')
      server = await launch()
    },
    async stop() {
      // SIGINT is the fast shutdown: open connections are ended. A temporary one need not even write a checkpoint.
      await shutDown(directory === undefined ? 'SIGINT' : 'SIGQUIT')
      removeDirectory()
    },
    log: () => server.output(),
  }
}

async function initialise(binaries: PostgresBinaries, dataDirectory: string, temporary: string[]): Promise<void> {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const { uid, gid } = binaries
  if (uid !== undefined && gid !== undefined) chownSync(dataDirectory, uid, gid)
  const passwordDirectory = temporaryDirectory('postgres-password')
  const passwordFile = join(passwordDirectory, 'password')
  writeFileSync(passwordFile, 'postgres\n', { mode: 0o644 })
  const initdb = spawnGuarded({
    command: binaries.initdb,
    args: [
      ...['--pgdata', dataDirectory, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
      // --no-sync skips only initdb's own flush, which a temporary cluster does not need.
      ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ],
    env: { ...process.env, LC_ALL: 'C' },
    cwd: dataDirectory,
    uid,
    gid,
    removeWhenOrphaned: [passwordDirectory, ...temporary],
  })
  const { code } = await initdb.exited
  rmSync(passwordDirectory, { recursive: true, force: true })
  if (code !== 0) throw new Error(`initdb failed:\n${initdb.output()}`)
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
