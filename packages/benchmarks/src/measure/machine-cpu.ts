import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Seconds of processor time since the machine was started, over all cores. */
export interface MachineCpu {
  /** Spent in programs and the kernel. */
  readonly busy: number
  /** Wanted, and taken by the host for other guests. */
  readonly stolen: number
}

/** proc(5), first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal guest guest_nice`. */
export function parseMachineCpu(stat: string): MachineCpu {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? []
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields
  return { busy: (user + nice + system + irq + softirq) / TICKS_PER_SECOND, stolen: steal / TICKS_PER_SECOND }
}

export const machineCpu = (): MachineCpu => parseMachineCpu(readFileSync('/proc/stat', 'utf8'))
