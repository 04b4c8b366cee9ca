import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findExecutable } from './executable.ts'
import { freePort } from './free-port.ts'
import { freeze } from './freeze.ts'
import { type GuardedProcess, spawnGuarded } from './guarded-process.ts'
import { accepts } from './tcp-port.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { waitFor } from './wait-for.ts'

/** How a test wants its Mosquitto. */
export interface StartMosquittoOptions {
  /** Keep sessions, queues and retained messages on disk over a restart; default false. */
  persistence?: boolean
  /** Save after that many changes instead of at the end only; 1 keeps everything over `kill9`. Needs `persistence`. */
  autosaveOnChanges?: number
  /** `max_inflight_messages`; default Mosquitto's own 20. 2.0.11 does not enforce it. */
  maxInflight?: number
  /** `max_queued_messages`; default 0 = no limit. */
  maxQueued?: number
  /** Default: a free one, kept over restarts. */
  port?: number
  /** Log every packet; default true. False for tests of throughput. */
  logPackets?: boolean
  /** Leave out `allow_anonymous true`, for tests of authentication; default true. */
  allowAnonymous?: boolean
  /** Further lines for the configuration file; a `listener` here is an additional one. */
  config?: string
}

/** A Mosquitto process: MQTT 3.1, 3.1.1 and 5. */
export interface MosquittoBroker {
  /** `mqtt://127.0.0.1:{port}` */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Directory of the configuration file, for password files and certificates; removed by `stop`. */
  readonly directory: string
  /** Process id of the running broker; changes with a restart. */
  readonly pid: number
  /** SIGKILL, and waits for the end. */
  kill9(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void
  resume(): void
  /** Starts it again with the same port and persistence, ending it in order first when it still runs. */
  restart(): Promise<void>
  /** Ends it and removes its directory. */
  stop(): Promise<void>
  /** All that was logged, over restarts. */
  log(): string
}

/** Path of mosquitto, or undefined when it is not installed. */
export const mosquittoPath = (): string | undefined => findExecutable('mosquitto')

/** Starts a Mosquitto of the test's own; about 50 ms. */
export async function startMosquittoProcess(options: StartMosquittoOptions = {}): Promise<MosquittoBroker> {
  const command = mosquittoPath()
  if (command === undefined) {
    throw new Error('mosquitto is not installed; on Debian and Ubuntu: apt-get install mosquitto')
  }
  const directory = temporaryDirectory('mosquitto')
  const port = options.port ?? (await freePort())
  const configFile = join(directory, 'mosquitto.conf')
  writeFileSync(configFile, mosquittoConfig(options, port, directory))

  let earlierLog = ''
  const launch = async (): Promise<GuardedProcess> => {
    const started = spawnGuarded({ command, args: ['-c', configFile], removeWhenOrphaned: [directory] })
    await waitFor(async () => !started.running() || (await accepts(port)), {
      what: `mosquitto on port ${port}`,
      interval: 5,
    })
    if (!started.running()) throw new Error(`mosquitto ended at once:\n${started.output()}`)
    return started
  }
  const end = async (signal: NodeJS.Signals) => {
    broker.signal(signal)
    broker.signal('SIGCONT')
    await broker.exited
  }

  const removeDirectory = () => rmSync(directory, { recursive: true, force: true })
  let broker = await launch().catch((error: unknown) => {
    removeDirectory()
    throw error
  })
  return {
    url: `mqtt://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    directory,
    get pid() {
      return broker.pid
    },
    kill9: () => end('SIGKILL'),
    freeze: () => freeze(broker),
    resume: () => broker.signal('SIGCONT'),
    async restart() {
      await end('SIGTERM')
      earlierLog += broker.output()
      broker = await launch()
    },
    async stop() {
      await end('SIGKILL')
      removeDirectory()
    },
    log: () => earlierLog + broker.output(),
  }
}

/** The configuration file. A listener's own settings follow it, so the caller's lines come last. */
function mosquittoConfig(options: StartMosquittoOptions, port: number, directory: string): string {
  const lines = [
    // As root it would drop to the user "mosquitto", who cannot read this directory's files.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `max_queued_messages ${options.maxQueued ?? 0}`,
    ...(options.maxInflight === undefined ? [] : [`max_inflight_messages ${options.maxInflight}`]),
    // Standard output is block-buffered into a file, standard error is not.
    'log_dest stderr',
    'log_timestamp_format %Y-%m-%dT%H:%M:%S',
    ...(options.logPackets === false ? ['log_type error', 'log_type warning', 'log_type notice'] : ['log_type all']),
    'connection_messages true',
    // Without it Nagle's algorithm holds small packets back for 40 ms.
    'set_tcp_nodelay true',
  ]
  if (options.persistence) {
    lines.push('persistence true', `persistence_location ${directory}/`)
    if (options.autosaveOnChanges !== undefined) {
      lines.push('autosave_on_changes true', `autosave_interval ${options.autosaveOnChanges}`)
    }
  }
  lines.push(`listener ${port} 127.0.0.1`, `allow_anonymous ${options.allowAnonymous ?? true}`, options.config ?? '')
  return `${lines.join('\n')}\n`
}
