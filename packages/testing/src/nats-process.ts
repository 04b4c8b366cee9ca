import { rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { findExecutable } from './executable.ts'
import { freePort } from './free-port.ts'
import { freeze } from './freeze.ts'
import { type GuardedProcess, spawnGuarded } from './guarded-process.ts'
import { accepts } from './tcp-port.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { waitFor } from './wait-for.ts'

/** How a test wants its nats-server. */
export interface StartNatsOptions {
  /** Default: a free one, kept over restarts. */
  port?: number
  /** Further lines for the configuration file. */
  config?: string
}

/** A nats-server process with JetStream on and a store of its own. */
export interface NatsServer {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Process id of the running server; changes with a restart. */
  readonly pid: number
  /** SIGKILL, and waits for the end. */
  kill9(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void
  resume(): void
  /** Starts it again with the same port and store, stopping it first when it still runs. */
  restart(): Promise<void>
  /** Ends it and removes its store. */
  stop(): Promise<void>
  /** What the current process has logged. */
  log(): string
}

/** Path of nats-server, or undefined when it is not installed. */
export const natsServerPath = (): string | undefined => findExecutable('nats-server')

/** `GOMAXPROCS` as `npm start` sets it, so that tests and benchmarks see what users have; undefined: Go's default. */
export function natsProcessors(): string | undefined {
  return process.env['GOMAXPROCS'] ?? (availableParallelism() <= 2 ? '1' : undefined)
}

/** Starts a nats-server of the test's own; about 100 ms. */
export async function startNatsProcess({ port: wantedPort, config = '' }: StartNatsOptions = {}): Promise<NatsServer> {
  const command = natsServerPath()
  if (command === undefined) {
    throw new Error('nats-server is not installed; on Debian and Ubuntu: apt-get install nats-server')
  }
  const directory = temporaryDirectory('nats')
  const port = wantedPort ?? (await freePort())
  const configFile = join(directory, 'nats.conf')
  writeFileSync(
    configFile,
    [
      `listen: "127.0.0.1:${port}"`,
      'max_payload: 8MB',
      // The server warns above 8 MB only; max_pending must hold several of the largest messages.
      'max_pending: 64MB',
      `jetstream { store_dir: "${join(directory, 'store')}", max_memory_store: 256MB, max_file_store: 64GB }`,
      config,
    ].join('\n'),
  )

  const processors = natsProcessors()
  const env = processors === undefined ? process.env : { ...process.env, GOMAXPROCS: processors }
  const launch = async (): Promise<GuardedProcess> => {
    const started = spawnGuarded({ command, args: ['-c', configFile], env, removeWhenOrphaned: [directory] })
    await waitFor(
      async () => {
        if (!started.running()) return 'ended'
        return started.output().includes('Server is ready') && (await accepts(port)) && 'ready'
      },
      { what: `nats-server on port ${port}`, interval: 5 },
    )
    if (!started.running()) throw new Error(`nats-server ended at once:\n${started.output()}`)
    return started
  }
  const end = async (signal: NodeJS.Signals) => {
    server.signal(signal)
    // A frozen process acts on nothing but KILL until it goes on.
    server.signal('SIGCONT')
    await server.exited
  }

  const removeDirectory = () => rmSync(directory, { recursive: true, force: true })
  let server = await launch().catch((error: unknown) => {
    removeDirectory()
    throw error
  })
  return {
    url: `nats://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    get pid() {
      return server.pid
    },
    kill9: () => end('SIGKILL'),
    freeze: () => freeze(server),
    resume: () => server.signal('SIGCONT'),
    async restart() {
      await end('SIGTERM')
      server = await launch()
    },
    async stop() {
      // The store goes with it, so nothing needs to be written out first.
      await end('SIGKILL')
      removeDirectory()
    },
    log: () => server.output(),
  }
}
