import { fork } from 'node:child_process'
import type { Latency } from '../measure/percentiles.ts'
import type { ObserverAnswer, ObserverCommand } from './observer-protocol.ts'

/** A subscriber of the live subjects in a process of its own. */
export interface ObserverProcess {
  readonly pid: number
  /** Forgets what it saw and begins. */
  observe(): Promise<void>
  /** What it saw since, publisher's clock to delivery, in milliseconds. */
  report(): Promise<Latency>
  stop(): void
}

/** Starts it; resolves once the server knows its subscriptions. */
export async function startObserver(url: string, subjects: readonly string[]): Promise<ObserverProcess> {
  const child = fork(new URL('./observer.main.ts', import.meta.url), { stdio: 'inherit', serialization: 'advanced' })
  const failed = new Promise<never>((_, reject) => {
    // Of a command that does not reach it any more; unheard it would end the benchmark where it stands.
    child.on('error', reject)
    child.once('exit', () => reject(new Error('the observer on NATS ended')))
  })
  failed.catch(() => {})
  const ask = <Kind extends ObserverAnswer['kind']>(command: ObserverCommand, kind: Kind) => {
    const answered = new Promise<Extract<ObserverAnswer, { kind: Kind }>>((resolve, reject) => {
      child.once('message', (answer: ObserverAnswer) => {
        if (answer.kind === kind) resolve(answer as Extract<ObserverAnswer, { kind: Kind }>)
        else reject(new Error(`the observer answered ${answer.kind}, not ${kind}`))
      })
    })
    child.send(command)
    return Promise.race([answered, failed])
  }
  await ask({ kind: 'subscribe', url, subjects }, 'ready')
  return {
    pid: child.pid ?? -1,
    async observe() {
      await ask({ kind: 'observe' }, 'observing')
    },
    report: async () => (await ask({ kind: 'report' }, 'latency')).latency,
    stop: () => void child.kill(),
  }
}
