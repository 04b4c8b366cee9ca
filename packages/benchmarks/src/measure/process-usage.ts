import { readdirSync, readFileSync } from 'node:fs'

/** Linux reports CPU time to user space in hundredths of a second whatever the kernel's own tick (times(2), USER_HZ). */
const TICKS_PER_SECOND = 100

/** What `/proc/{pid}/stat` tells of a process, times in seconds. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** User and system time of all its threads. */
  readonly cpu: number
  /** The same of children that have ended and were waited for. */
  readonly endedChildrenCpu: number
}

/** proc(5): `pid (name) state parent …`; the name may hold spaces and parentheses. Undefined for an ended process. */
export function parseProcessStat(stat: string): ProcessStat | undefined {
  const match = /^(\d+) \(.*\) (.*)$/s.exec(stat.trimEnd())
  if (match === null) return undefined
  const fields = (match[2] ?? '').split(' ')
  // Field 3 of proc(5) is the first here.
  const field = (number: number) => Number(fields[number - 3])
  return {
    pid: Number(match[1]),
    parent: field(4),
    cpu: (field(14) + field(15)) / TICKS_PER_SECOND,
    endedChildrenCpu: (field(16) + field(17)) / TICKS_PER_SECOND,
  }
}

/** Resident memory in bytes, from `/proc/{pid}/status`. */
export interface ResidentMemory {
  /** Its own: heap, stack and the like. */
  readonly anonymous: number
  /** Shared with other processes of the same server, such as Postgres' buffers. */
  readonly shared: number
  /** Mapped files: mostly program text, present once however many processes map it. */
  readonly file: number
}

export function parseResidentMemory(status: string): ResidentMemory {
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1_024
  return { anonymous: bytes('RssAnon'), shared: bytes('RssShmem'), file: bytes('RssFile') }
}

/** Calls of read and write and their like so far, from `/proc/{pid}/io`; sockets count when they are used that way. */
export function parseInputOutputCalls(io: string): number {
  const calls = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1] ?? 0)
  return calls('syscr') + calls('syscw')
}

/** CPU seconds, bytes and system calls of a process and its descendants. */
export interface ProcessUsage {
  readonly cpu: number
  /** Reads and writes, see {@link parseInputOutputCalls}. */
  readonly calls: number
  /** Anonymous memory of all, and once what they share. */
  readonly memory: number
}

/** What each process and all its descendants have used so far; zero for one that has ended. */
export function usagesOf(pids: readonly number[]): ProcessUsage[] {
  const all = allProcesses()
  return pids.map((pid) => usageOf(pid, all))
}

function usageOf(pid: number, all: readonly ProcessStat[]): ProcessUsage {
  const tree = descendantsOf(pid, all)
  const cpu = tree.reduce((total, stat) => total + stat.cpu + stat.endedChildrenCpu, 0)
  const memories = tree.map((stat) => parseResidentMemory(readText(`/proc/${stat.pid}/status`)))
  const largest = (part: 'shared' | 'file') => Math.max(0, ...memories.map((memory) => memory[part]))
  const anonymous = memories.reduce((total, memory) => total + memory.anonymous, 0)
  const calls = tree.reduce((total, stat) => total + parseInputOutputCalls(readText(`/proc/${stat.pid}/io`)), 0)
  return { cpu, calls, memory: anonymous + largest('shared') + largest('file') }
}

function descendantsOf(pid: number, all: readonly ProcessStat[]): ProcessStat[] {
  const self = all.filter((stat) => stat.pid === pid)
  return [...self, ...all.filter((stat) => stat.parent === pid).flatMap((child) => descendantsOf(child.pid, all))]
}

function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseProcessStat(readText(`/proc/${name}/stat`)))
    .filter((stat) => stat !== undefined)
}

/** Empty for a process that ended meanwhile. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
