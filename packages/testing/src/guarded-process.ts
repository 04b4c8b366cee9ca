import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What to run, and what must not outlive the test process. */
export interface GuardedProcessOptions {
  command: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv | undefined
  cwd?: string | undefined
  /** User and group to run as; only root may give them. */
  uid?: number | undefined
  gid?: number | undefined
  /** Directories the guard removes when the test process dies without stopping the child. */
  removeWhenOrphaned?: readonly string[]
  /** The guard's signal; Postgres gets QUIT, so that the postmaster takes its children and shared memory with it. */
  orphanSignal?: 'KILL' | 'QUIT'
}

/** How a process ended. */
export interface ProcessExit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A child process that never outlives the process which started it. */
export interface GuardedProcess {
  readonly pid: number
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<ProcessExit>
  /** True until the end of the process was seen. */
  running(): boolean
  /** Standard output and error so far, in the order they were written. */
  output(): string
  /** Sends a signal; does nothing when the process has ended. */
  signal(signal: NodeJS.Signals): void
}

/**
 * Starts a process with a guard beside it.
 *
 * A test process can die in ways that run no clean-up (SIGKILL, a crashed worker). The guard is a shell that blocks on a
 * pipe held by this process; when the pipe closes for whatever reason it kills the child and removes its directories.
 * Both run in sessions of their own, so that a Ctrl-C in the terminal reaches only the test runner, which stops them in
 * order. The child writes to a file instead of a pipe: a busy test cannot stall a server that logs much.
 */
export function spawnGuarded(options: GuardedProcessOptions): GuardedProcess {
  const logDirectory = mkdtempSync(join(tmpdir(), 'iomt-log-'))
  const logFile = join(logDirectory, 'output.log')
  const log = openSync(logFile, 'a')
  const child = spawn(options.command, options.args, {
    cwd: options.cwd ?? tmpdir(),
    env: options.env ?? process.env,
    stdio: ['ignore', log, log],
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  closeSync(log)
  // A forgotten child must not keep a test worker alive; whoever waits for its end makes it count again.
  child.unref()

  let running = true
  let guard: ChildProcess | undefined
  let finalOutput: string | undefined
  let startError = ''

  const exited = new Promise<ProcessExit>((resolve) => {
    const end = (exit: ProcessExit) => {
      if (!running) return
      running = false
      finalOutput = readLog(logFile)
      // The guard must be gone before the pid can be given to another process.
      guard?.kill('SIGKILL')
      rmSync(logDirectory, { recursive: true, force: true })
      resolve(exit)
    }
    child.once('exit', (code, signal) => end({ code, signal }))
    child.once('error', (error) => {
      startError = `${error.message}\n`
      end({ code: null, signal: null })
    })
  })

  if (child.pid !== undefined) {
    guard = startGuard(child.pid, options.orphanSignal ?? 'KILL', [logDirectory, ...(options.removeWhenOrphaned ?? [])])
  }

  return {
    pid: child.pid ?? -1,
    get exited() {
      if (running) child.ref()
      return exited
    },
    running: () => running,
    output: () => startError + (finalOutput ?? readLog(logFile)),
    signal(signal) {
      if (running) child.kill(signal)
    },
  }
}

/**
 * CONT lets a process that a test had frozen act on QUIT; KILL follows for one that does not. Removing is tried again
 * while the killed process' own children still write (initdb's do for a moment).
 */
const GUARD_SCRIPT = `cat > /dev/null
pid=$1; signal=$2; shift 2
kill -"$signal" "$pid" 2> /dev/null; kill -CONT "$pid" 2> /dev/null
[ "$signal" = KILL ] || for attempt in 1 2 3 4 5 6 7 8 9 10; do
  kill -0 "$pid" 2> /dev/null || break; sleep 0.2
done
kill -KILL "$pid" 2> /dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$@" 2> /dev/null && break; sleep 0.2
done`

function startGuard(pid: number, signal: string, directories: readonly string[]): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'iomt-test-guard', String(pid), signal, ...directories], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  // The pipe must stay open as long as this process lives, yet not keep it alive.
  const pipe = guard.stdin as unknown as { unref?: () => void; on(event: 'error', listener: () => void): void }
  pipe.unref?.()
  pipe.on('error', () => {})
  return guard
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
