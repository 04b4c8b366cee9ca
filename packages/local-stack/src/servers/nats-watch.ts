import { statfsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SupervisedProcess } from '../processes/supervised-process.ts'

/** On a fuller disk nats-server could not even take up its work again. */
const NEEDED_BYTES = 64 * 1024 ** 2

export interface NatsWatch {
  readonly server: Pick<SupervisedProcess, 'restart'>
  /** Whether JetStream answers; null while the server is not there, which its supervisor sees to. */
  readonly answers: () => Promise<boolean | null>
  /** Of the store's disk. */
  readonly freeBytes: () => number
  readonly report: (line: string) => void
  readonly signal: AbortSignal
  /** Milliseconds between two questions; default 5 s. */
  readonly interval?: number
  /** Questions in a row without an answer after which it is started again; default 6. */
  readonly patience?: number
}

/**
 * After a disk was full, nats-server (2.9) goes on accepting connections while JetStream answers nothing any more, also when
 * there is room again. Then only a new start helps.
 */
export async function watchNats(watch: NatsWatch): Promise<void> {
  const { server, answers, freeBytes, report, signal, interval = 5_000, patience = 6 } = watch
  const seconds = Math.round((interval * patience) / 1_000)
  let silent = 0
  let toldFull = false
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    silent = (await answers()) === false ? silent + 1 : 0
    if (silent === 0) toldFull = false
    if (silent < patience) continue
    if (freeBytes() < NEEDED_BYTES) {
      if (!toldFull) report(`nats-server does not answer and its disk is full: it is started again once there is room`)
      toldFull = true
      continue
    }
    silent = 0
    server.restart(`nats-server has not answered for ${seconds} s: starting it again`)
  }
}

/** What others than root may still write there. */
export function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}
