import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askChild } from './ask-child.ts'
import { followLog, lastLines, openLog, rotateLog } from './log-file.ts'

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
  /**
   * What it writes to its log once it has its port. Something that accepts there proves nothing: it may be the server of a stack
   * that was started in the same second.
   */
  readonly readyLine: string
  /** Whether it does its work; asked after that until it says true. */
  readonly ready?: () => Promise<boolean>
  /** How long it takes depends on what it was asked for: each line in its log begins the time that it may take anew. */
  readonly tellsProgress?: boolean
  /** Before every start, also after a crash. */
  readonly prepare?: () => void | Promise<void>
}

/** A process died because somebody else has its port. */
export class AddressInUseError extends Error {
  override readonly name = 'AddressInUseError'
}

export interface ProcessSurroundings {
  readonly logDirectory: string
  /** Something the person at the terminal should know. */
  readonly report: (line: string) => void
  /** The id has changed. */
  readonly onChange: () => void
  /** Milliseconds; default one minute. */
  readonly readyTimeout?: number
}

/** A process that is started again whenever it dies, until it is stopped. */
export interface SupervisedProcess {
  readonly name: string
  readonly pid: number | null
  /** Resolves once it is ready. Rejects, with the end of its log, when it dies before or takes too long. */
  start(): Promise<void>
  /** Sends a word to a process that watches its parent; resolves with the answer, or null when none comes in `patience` ms. */
  ask(question: string, patience: number): Promise<unknown>
  /** Ends it, so that it is started again, and says why. */
  restart(reason: string): void
  /** The stop signal, and SIGKILL after `patience` ms; resolves when it has ended. */
  stop(patience: number): Promise<void>
}

const READY_TIMEOUT = 60_000
/** As Node, Go and Postgres say it. */
const ADDRESS_IN_USE = /EADDRINUSE|address already in use/i
/** One that ran this long is started again at once, a crash loop with growing pauses. */
const STABLE_AFTER = 30_000
/** Milliseconds that one which is to be started again gets to end by itself. */
const RESTART_PATIENCE = 10_000

export function createSupervisedProcess(
  definition: ProcessDefinition,
  surroundings: ProcessSurroundings,
): SupervisedProcess {
  const { name } = definition
  const { report, onChange, readyTimeout = READY_TIMEOUT } = surroundings
  const logPath = join(surroundings.logDirectory, `${name}.log`)
  let child: ChildProcess | null = null
  let exited: Promise<string> = Promise.resolve('not started')
  /** The one whose end is no surprise. */
  let replaced: ChildProcess | null = null
  let written = followLog(logPath)
  const stopping = new AbortController()

  function launch(): void {
    const log = openLog(logPath)
    written = followLog(logPath)
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
    const told = written
    let lastLength = 0
    let deadline = performance.now() + readyTimeout
    while (!stopping.signal.aborted) {
      const text = told()
      if (child === null || child !== launched) throw failure(`${name} ${await exited} before it was ready`, told())
      if (text.includes(definition.readyLine) && (await definition.ready?.().catch(() => false)) !== false) return
      if (definition.tellsProgress && text.length > lastLength) deadline = performance.now() + readyTimeout
      lastLength = text.length
      if (performance.now() > deadline) throw failure(`${name} is not ready after ${readyTimeout / 1_000} s`)
      await sleep(50)
    }
  }

  function failure(what: string, text = ''): Error {
    const lines = lastLines(logPath, 8).map((line) => `    ${line}`)
    const message = [`${what}. The end of ${logPath}:`, ...lines].join('\n')
    return ADDRESS_IN_USE.test(text) ? new AddressInUseError(message) : new Error(message)
  }

  async function keepAlive(): Promise<void> {
    for (let crashes = 0; !stopping.signal.aborted; ) {
      const startedAt = performance.now()
      const watched = child
      const how = await exited
      if (stopping.signal.aborted) return
      crashes = performance.now() - startedAt > STABLE_AFTER ? 0 : crashes + 1
      const pause = crashes <= 1 ? 250 : Math.min(10_000, 500 * 2 ** (crashes - 2))
      if (watched === null || watched !== replaced) report(`${failure(`${name} ${how}`).message}\n  starting it again`)
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
    ask: async (question, patience) => (child ? await askChild(child, question, patience) : null),
    restart(reason) {
      const unwanted = child
      if (!unwanted || stopping.signal.aborted) return
      report(reason)
      replaced = unwanted
      unwanted.kill(definition.stopSignal)
      const end = setTimeout(() => unwanted.kill('SIGKILL'), RESTART_PATIENCE)
      unwanted.once('exit', () => clearTimeout(end))
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
