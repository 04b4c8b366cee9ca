import type { LoadResult } from '../pipeline/measure-load.ts'

type Costs = Pick<LoadResult, 'cpuMicroseconds'>

/** What only measures; the rest is the pipeline or the peer with its servers. */
const MEASURING = ['generator', 'observer']

export const sum = (costs: Readonly<Record<string, number>>): number =>
  Object.values(costs).reduce((total, cost) => total + cost, 0)

/** CPU microseconds a message of everything that does not only measure. */
export const totalCost = ({ cpuMicroseconds }: Costs): number =>
  sum(cpuMicroseconds) - MEASURING.reduce((total, name) => total + (cpuMicroseconds[name] ?? 0), 0)

/** CPU microseconds a message of all processes of one service. */
export const serviceCost = ({ cpuMicroseconds }: Costs, service: string): number =>
  sum(Object.fromEntries(Object.entries(cpuMicroseconds).filter(([name]) => name.startsWith(service))))
