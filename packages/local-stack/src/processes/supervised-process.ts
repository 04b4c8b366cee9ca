import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastLines, openLog, rotateLog } from './log-file.ts'

/** How to run one process of the stack. */
export interface ProcessDefinition {
  /** `mqtt-gateway-1`: in messages, in `stack.json` and as the name of its log. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Only for root: whom to run as. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** A Node process that ends itself when the supervisor dies. */
  readonly watchesParent: boolean
  /** SIGINT is Postgres' fast shutdown. */
  readonly stopSignal: NodeJS.Signals
  /** Whether it does its work; asked until it says true. */
  readonly ready: () => Promise<boolean>
  /** Before every start, also after a crash. */
  readonly prepare?: () => void | Promise<void>
}

export interface ProcessSurroundings {
  readonly logDirectory: string
  /** Something the person at the terminal should know. */
  readonly report: (line: string) => void
  /** The id has changed. */
  readonly onChange: () => void
}

/** A process that is started again whenever it dies, until it is stopped. */
export interface SupervisedProcess {
  readonly name: string
  readonly pid: number | null
  /** Resolves once it is ready. Rejects, with the end of its log, when it dies before or takes too long. */
  start(): Promise<void>
  /** The stop signal, and SIGKILL after `patience` ms; resolves when it has ended. */
  stop(patience: number): Promise<void>
}

const READY_TIMEOUT = 60_000
/** One that ran this long is started again at once, a crash loop with growing pauses. */
const STABLE_AFTER = 30_000

export function createSupervisedProcess(
  definition: ProcessDefinition,
  surroundings: ProcessSurroundings,
): SupervisedProcess {
  const { name } = definition
  const { report, onChange } = surroundings
  const logPath = join(surroundings.logDirectory, `${name}.log`)
  let child: ChildProcess | null = null
  let exited: Promise<string> = Promise.resolve('not started')
  const stopping = new AbortController()

  function launch(): void {
    const log = openLog(logPath)
    const started = spawn(definition.command, definition.args, {
      env: { ...definition.env },
      cwd: '/',
      stdio: definition.watchesParent ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      // A session of its own: a Ctrl-C at the terminal reaches the supervisor only, which stops things in order.
      detached: true,
      ...(definition.user ?? {}),
    })
    closeSync(log)
    child = started
    exited = new Promise((resolve) => {
      started.once('error', (error) => resolve(`could not be started: ${error.message}`))
      started.once('exit', (code, signal) => resolve(signal ? `was killed by ${signal}` : `ended with code ${code}`))
    })
    const forget = () => {
      if (child === started) child = null
      onChange()
    }
    exited.then(forget).catch((error: unknown) => report(`cannot record the end of ${name}: ${String(error)}`))
    onChange()
  }

  async function untilReady(): Promise<void> {
    const launched = child
    const deadline = performance.now() + READY_TIMEOUT
    while (!stopping.signal.aborted) {
      if (child === null || child !== launched) throw failure(`${name} ${await exited} before it was ready`)
      if (await definition.ready().catch(() => false)) return
      if (performance.now() > deadline) throw failure(`${name} is not ready after ${READY_TIMEOUT / 1_000} s`)
      await sleep(50)
    }
  }

  function failure(what: string): Error {
    const lines = lastLines(logPath, 8).map((line) => `    ${line}`)
    return new Error([`${what}. The end of ${logPath}:`, ...lines].join('\n'))
  }

  async function keepAlive(): Promise<void> {
    for (let crashes = 0; !stopping.signal.aborted; ) {
      const startedAt = performance.now()
      const how = await exited
      if (stopping.signal.aborted) return
      crashes = performance.now() - startedAt > STABLE_AFTER ? 0 : crashes + 1
      const pause = crashes <= 1 ? 250 : Math.min(10_000, 500 * 2 ** (crashes - 2))
      report(`${failure(`${name} ${how}`).message}\n  starting it again`)
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      try {
        await definition.prepare?.()
      } catch (error) {
        report(`${name}: ${error instanceof Error ? error.message : String(error)}`)
        continue
      }
      launch()
      untilReady().then(
        () => {
          if (!stopping.signal.aborted) report(`${name} is back`)
        },
        // Its end is reported by the loop; one that hangs is left to the person.
        (error: unknown) => {
          if (child) report(String(error))
        },
      )
    }
  }

  return {
    name,
    get pid() {
      return child?.pid ?? null
    },
    async start() {
      rotateLog(logPath)
      await definition.prepare?.()
      if (stopping.signal.aborted) return
      launch()
      await untilReady()
      keepAlive().catch((error: unknown) => report(`${name} cannot be watched: ${String(error)}`))
    },
    async stop(patience) {
      stopping.abort()
      const running = child
      if (!running) return
      running.kill(definition.stopSignal)
      const killing = new AbortController()
      const killed = sleep(patience, undefined, { signal: killing.signal }).then(
        () => {
          report(`${name} did not stop within ${patience / 1_000} s: killed`)
          running.kill('SIGKILL')
        },
        () => undefined,
      )
      await exited
      killing.abort()
      await killed
    },
  }
}
