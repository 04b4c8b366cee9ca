import { type ChildProcess, fork } from 'node:child_process'
import type { Latency } from '../measure/percentiles.ts'

export interface ClientsOrder {
  readonly url: string
  readonly key: string
  /** One client each. */
  readonly paths: readonly string[]
}

export interface ClientsReport {
  readonly kind: 'report'
  readonly events: number
  readonly bytes: number
  /** Clients that were refused or lost. */
  readonly broken: number
  /** Milliseconds from the publish to the client. */
  readonly latency: Latency
}

export interface StreamClients {
  readonly pid: number
  reset(): void
  report(): Promise<ClientsReport>
  stop(): void
}

/** Opens all clients in a process of their own; resolves when each has got the head of its answer. */
export async function openStreamClients(order: ClientsOrder): Promise<StreamClients> {
  const child = fork(new URL('./stream-clients.main.ts', import.meta.url), { stdio: 'inherit' })
  child.send(order)
  await nextMessage(child, 'ready')
  return {
    pid: child.pid ?? -1,
    reset: () => void child.send('reset'),
    async report() {
      child.send('report')
      return (await nextMessage(child, 'report')) as ClientsReport
    },
    stop: () => void child.kill(),
  }
}

function nextMessage(child: ChildProcess, kind: string): Promise<{ kind: string }> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the stream clients ended (${code})`)))
    const listen = (message: { kind: string }) => {
      if (message.kind !== kind) return
      child.off('message', listen)
      child.removeAllListeners('exit')
      resolve(message)
    }
    child.on('message', listen)
  })
}
