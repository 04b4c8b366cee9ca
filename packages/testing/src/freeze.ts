import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { GuardedProcess } from './guarded-process.ts'

/** Milliseconds after which a thread that still runs is none of ours any more. */
const PATIENCE = 1_000

/**
 * SIGSTOP, and returns once every thread has stopped: on a busy machine a server of many threads answers for some milliseconds
 * after the signal. Blocks for that long.
 */
export function freeze(process: GuardedProcess): void {
  process.signal('SIGSTOP')
  const nap = new Int32Array(new SharedArrayBuffer(4))
  for (const end = performance.now() + PATIENCE; !hasStopped(process.pid) && performance.now() < end; )
    Atomics.wait(nap, 0, 0, 1)
}

/** By proc(5), where there is one; a process that has ended has stopped, too. */
function hasStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return true
  try {
    return readdirSync(tasks).every((task) => {
      const stat = readFileSync(`${tasks}/${task}/stat`, 'latin1')
      // The state comes after the name, which may hold anything, in parentheses.
      return 'TtZX'.includes(stat[stat.lastIndexOf(')') + 2] as string)
    })
  } catch {
    return !existsSync(tasks)
  }
}
