import { type ChildProcess, fork } from 'node:child_process'
import type { Latency } from '../measure/percentiles.ts'

export interface ClientsOrder {
  readonly url: string
  readonly key: string
  /** One client each. */
  readonly paths: readonly string[]
}

export type ClientsCommand = 'report' | 'forget-latencies'

export interface ClientsReport {
  readonly kind: 'report'
  /** Readings that each client has got since it was opened. */
  readonly received: readonly number[]
  /** Clients that were refused or lost. */
  readonly broken: number
  /** Milliseconds from the publish to the client. */
  readonly latency: Latency
}

export interface StreamClients {
  readonly pid: number
  /** Begins anew with the latencies; what was received stays counted. */
  forgetLatencies(): void
  report(): Promise<ClientsReport>
  stop(): void
}

/** Opens all clients in a process of their own; resolves when each has got the head of its answer, or was refused. */
export async function openStreamClients(order: ClientsOrder): Promise<StreamClients> {
  // Advanced: latencies of nothing are NaN, which JSON does not know.
  const child = fork(new URL('./stream-clients.main.ts', import.meta.url), {
    stdio: 'inherit',
    serialization: 'advanced',
  })
  const failed = new Promise<never>((_, reject) => {
    // Of a command that does not reach it any more; unheard it would end the benchmark where it stands.
    child.on('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`the stream clients ended (${signal ?? `exit code ${code}`})`)),
    )
  })
  failed.catch(() => {})
  const send = (command: ClientsCommand) => void child.send(command)
  child.send(order)
  try {
    await Promise.race([nextMessage(child, 'ready'), failed])
  } catch (error) {
    child.kill()
    throw error
  }
  return {
    pid: child.pid ?? -1,
    forgetLatencies: () => send('forget-latencies'),
    async report() {
      send('report')
      return (await Promise.race([nextMessage(child, 'report'), failed])) as ClientsReport
    },
    stop: () => void child.kill(),
  }
}

function nextMessage(child: ChildProcess, kind: string): Promise<{ kind: string }> {
  return new Promise((resolve) => {
    const listen = (message: { kind: string }) => {
      if (message.kind !== kind) return
      child.off('message', listen)
      resolve(message)
    }
    child.on('message', listen)
  })
}
