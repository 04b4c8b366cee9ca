import { machineCpu } from './machine-cpu.ts'
import { type ProcessUsage, usagesOf } from './process-usage.ts'

/** What one process (with its children) used while it was watched. */
export interface Usage {
  /** Seconds of CPU, user and system. */
  readonly cpu: number
  /** Reads and writes: how well messages travel together. */
  readonly calls: number
  /** Highest resident bytes seen. */
  readonly memory: number
}

/** Process id by the name it has in reports. */
export type NamedProcesses = Readonly<Record<string, number>>

const SAMPLE_INTERVAL = 500

/** What was used while a meter ran. */
export interface MeteredUsage {
  /** By name. */
  readonly usage: Readonly<Record<string, Usage>>
  /** Cores that went to programs of no part in this, or to other guests of the host: both make it slower. */
  readonly otherCores: number
}

export interface UsageMeter {
  /** Ends the watching. */
  stop(): MeteredUsage
}

/** Starts to watch CPU and memory of processes. */
export function startUsageMeter(processes: NamedProcesses): UsageMeter {
  const names = Object.keys(processes)
  const sample = () => usagesOf(Object.values(processes))
  const first = sample()
  const peak = first.map(({ memory }) => memory)
  const remember = (usages: readonly ProcessUsage[]) => {
    for (const [index, { memory }] of usages.entries()) peak[index] = Math.max(peak[index] ?? 0, memory)
  }
  const machineBefore = machineCpu()
  const ownBefore = process.cpuUsage()
  const startedAt = performance.now()
  // What fails while it is measured must not keep the process alive.
  const timer = setInterval(() => remember(sample()), SAMPLE_INTERVAL).unref()
  return {
    stop() {
      clearInterval(timer)
      const last = sample()
      remember(last)
      const own = process.cpuUsage(ownBefore)
      const machine = machineCpu()
      const seconds = (performance.now() - startedAt) / 1_000
      const usages = names.map((name, index) => {
        const cpu = (last[index]?.cpu ?? 0) - (first[index]?.cpu ?? 0)
        const calls = (last[index]?.calls ?? 0) - (first[index]?.calls ?? 0)
        return [name, { cpu, calls, memory: peak[index] ?? 0 }] as const
      })
      const measured = usages.reduce((total, [, { cpu }]) => total + cpu, 0) + (own.user + own.system) / 1e6
      const taken = machine.busy - machineBefore.busy + machine.stolen - machineBefore.stolen
      return { usage: Object.fromEntries(usages), otherCores: Math.max(0, (taken - measured) / seconds) }
    },
  }
}

/** CPU microseconds of each process for one of `messages`. */
export const costs = (usage: Readonly<Record<string, Usage>>, messages: number): Record<string, number> =>
  Object.fromEntries(Object.entries(usage).map(([name, { cpu }]) => [name, (cpu * 1e6) / messages]))
