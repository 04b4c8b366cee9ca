import { fileURLToPath } from 'node:url'
import { freeze } from './freeze.ts'
import { type ProcessExit, spawnGuarded } from './guarded-process.ts'
import { waitFor } from './wait-for.ts'

/** Which service to run, and how to know that it is up. */
export interface StartServiceProcessOptions {
  /** For messages, e.g. `mqtt-gateway-1`. */
  name: string
  /** Its main file; a `.ts` file is run as it is. */
  main: string | URL
  /** The service's whole environment; of the test's own only PATH, HOME and TMPDIR are passed on. */
  env: Readonly<Record<string, string>>
  /** Answers 200 once the service is ready, e.g. `http://127.0.0.1:8081/readyz`. Without it nothing is waited for. */
  readyUrl?: string
  /** Milliseconds until it must be ready; default 30,000. */
  readyTimeout?: number
  /** Name of a network namespace to run in; see `network-namespace`. */
  networkNamespace?: string | undefined
  /** Options for Node itself, e.g. `--cpu-prof`. */
  nodeOptions?: readonly string[]
}

/** A service in a process of its own. */
export interface ServiceProcess {
  readonly name: string
  /** Process id of the current process; changes with a restart. */
  readonly pid: number
  /** Origin of `readyUrl`. */
  readonly url: string | undefined
  /** Resolves when the current process has ended. */
  readonly exited: Promise<ProcessExit>
  running(): boolean
  /** SIGKILL, and waits for the end. */
  kill9(): Promise<ProcessExit>
  /** SIGTERM, and waits for the end (at most 30 s, then an error with the last output). */
  terminate(): Promise<ProcessExit>
  /** SIGSTOP: the process keeps its connections and does nothing. */
  freeze(): void
  resume(): void
  /** Starts it again, ending it first with SIGTERM when it still runs, and waits until it is ready. */
  restart(extraEnv?: Readonly<Record<string, string>>): Promise<void>
  /** Waits until `readyUrl` answers 200. */
  ready(): Promise<void>
  /** Output of all processes so far. */
  output(): string
}

/** Starts a service the way production does: its main file, its environment, nothing else. */
export async function startServiceProcess(options: StartServiceProcessOptions): Promise<ServiceProcess> {
  const { name, readyUrl, readyTimeout = 30_000 } = options
  const main = options.main instanceof URL ? fileURLToPath(options.main) : options.main
  let env = options.env
  let earlierOutput = ''

  const launch = () =>
    spawnGuarded({
      // `ip netns exec` becomes the program it starts, so the process id and its signals are the service's own.
      command: options.networkNamespace ? 'ip' : process.execPath,
      args: [
        ...(options.networkNamespace ? ['netns', 'exec', options.networkNamespace, process.execPath] : []),
        ...(options.nodeOptions ?? []),
        main,
      ],
      env: { ...inherited(), ...env },
      cwd: process.cwd(),
    })
  let child = launch()

  const ready = async () => {
    if (readyUrl === undefined) return
    const outcome = await waitFor(
      async () => {
        if (!child.running()) return 'ended'
        const response = await fetch(readyUrl, { signal: AbortSignal.timeout(2_000) })
        await response.body?.cancel()
        return response.status === 200 && 'ready'
      },
      { what: `${name} at ${readyUrl}`, timeout: readyTimeout, interval: 50 },
    ).catch((cause: unknown) => {
      throw new Error(`${name} is not ready: ${messageOf(cause)}\n${tail(child.output())}`, { cause })
    })
    if (outcome === 'ended') throw new Error(`${name} ended before it was ready\n${tail(child.output())}`)
  }

  const end = async (signal: NodeJS.Signals): Promise<ProcessExit> => {
    child.signal(signal)
    child.signal('SIGCONT')
    if (signal === 'SIGTERM') {
      await waitFor(() => !child.running(), { what: `${name} to end after SIGTERM`, timeout: 30_000 }).catch(
        (cause: unknown) => {
          throw new Error(`${messageOf(cause)}\n${tail(child.output())}`, { cause })
        },
      )
    }
    return child.exited
  }

  try {
    await ready()
  } catch (error) {
    await end('SIGKILL')
    throw error
  }

  return {
    name,
    get pid() {
      return child.pid
    },
    url: readyUrl === undefined ? undefined : new URL(readyUrl).origin,
    get exited() {
      return child.exited
    },
    running: () => child.running(),
    kill9: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    freeze: () => freeze(child),
    resume: () => child.signal('SIGCONT'),
    async restart(extraEnv = {}) {
      await end('SIGTERM')
      earlierOutput += child.output()
      env = { ...env, ...extraEnv }
      child = launch()
      await ready()
    },
    ready,
    output: () => earlierOutput + child.output(),
  }
}

/** A test run's own settings (TEST_*, VITEST, NODE_OPTIONS, CREDENTIAL_KEY_FILE) must not reach the service. */
function inherited(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env
  return { ...(PATH && { PATH }), ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }) }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const tail = (output: string): string => output.split('\n').slice(-40).join('\n')
