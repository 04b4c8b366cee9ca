import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadAnswer, LoadCommand, LoadFinished, LoadProgress } from './load-protocol.ts'

/** The load generator, seen from the benchmark. A failure in it rejects what is awaited and everything after. */
export interface LoadProcess {
  readonly pid: number
  /** What it last reported, at most 50 ms old while it publishes. */
  readonly progress: Omit<LoadProgress, 'kind'>
  /** Opens a connection for each list of topics. */
  connect(host: string, port: number, connections: readonly (readonly string[])[]): Promise<void>
  /** Starts publishing; `rate` null: as fast as limit and window allow. */
  publish(options: Omit<Extract<LoadCommand, { kind: 'publish' }>, 'kind'>): void
  /** Messages it may have published in all. */
  raiseLimit(limit: number): void
  /** Stops and waits until the broker has acknowledged everything. */
  finish(): Promise<Omit<LoadFinished, 'kind'>>
  /** Resolves after so many milliseconds, rejects as soon as the load fails. */
  during(milliseconds: number): Promise<void>
  stop(): void
}

export function startLoadProcess(): LoadProcess {
  const child = fork(new URL('./load-generator.main.ts', import.meta.url), {
    stdio: 'inherit',
    serialization: 'advanced',
  })
  let progress = { published: 0, acknowledged: 0 }
  let expected: { kind: LoadAnswer['kind']; resolve: (answer: LoadAnswer) => void } | undefined
  let stopped = false
  const failed = new Promise<never>((_, reject) => {
    child.on('message', (answer: LoadAnswer) => {
      if (answer.kind === 'failed') reject(new Error(`the load generator: ${answer.reason}`))
      else if (answer.kind === 'progress') progress = answer
      else if (answer.kind === expected?.kind) expected.resolve(answer)
    })
    // Of a command that does not reach it any more; unheard it would end the benchmark where it stands.
    child.on('error', (error) => reject(new Error(`the load generator: ${error.message}`, { cause: error })))
    child.once('exit', (code, signal) => {
      if (!stopped) reject(new Error(`the load generator ended (${signal ?? `exit code ${code}`})`))
    })
  })
  failed.catch(() => {})

  const send = (command: LoadCommand) => void child.send(command)
  function ask<Kind extends LoadAnswer['kind']>(command: LoadCommand, kind: Kind) {
    const answered = new Promise<LoadAnswer>((resolve) => {
      expected = { kind, resolve }
    })
    send(command)
    return Promise.race([answered as Promise<Extract<LoadAnswer, { kind: Kind }>>, failed])
  }

  return {
    pid: child.pid ?? -1,
    get progress() {
      return progress
    },
    async connect(host, port, connections) {
      await ask({ kind: 'connect', host, port, connections }, 'connected')
    },
    publish: (options) => send({ kind: 'publish', ...options }),
    raiseLimit: (limit) => send({ kind: 'limit', limit }),
    async finish() {
      const finished = await ask({ kind: 'stop' }, 'finished')
      progress = { published: finished.published, acknowledged: finished.published }
      return finished
    },
    async during(milliseconds) {
      // The load itself keeps the process alive; once it has failed nothing should, least of all for the rest of the time.
      await Promise.race([sleep(milliseconds, undefined, { ref: false }), failed])
    },
    stop() {
      stopped = true
      child.kill()
    },
  }
}
