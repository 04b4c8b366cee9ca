import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** Sends a word over the channel to a child; resolves with its answer, or null when it ends or none comes in `patience` ms. */
export async function askChild(child: ChildProcess, question: string, patience: number): Promise<unknown> {
  if (!child.connected) return null
  const waiting = new AbortController()
  const { signal } = waiting
  const answer = once(child, 'message', { signal }).then(([message]: unknown[]) => message)
  const gone = once(child, 'exit', { signal }).then(() => null)
  const given = sleep(patience, null, { signal })
  child.send(question, () => undefined)
  try {
    return await Promise.race([answer, gone, given])
  } catch {
    return null
  } finally {
    waiting.abort()
    await Promise.allSettled([answer, gone, given])
  }
}
