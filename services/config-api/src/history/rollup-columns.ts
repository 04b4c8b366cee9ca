import type { MeasurementName } from '@iomt/contracts/measurements'
import type { Aggregate } from '@iomt/contracts/rest/telemetry-history'
import type { AggregatePlan } from './aggregate-plan.ts'

/** Columns of the rollup tables that an aggregate is made from; `readings`, the times and the ids are always there. */
const PARTS: Readonly<Record<Aggregate, readonly string[]>> = {
  avg: ['sum', 'count'],
  min: ['min'],
  max: ['max'],
  last: ['last'],
  sum: ['sum', 'count'],
  count: ['count'],
  // Made from rows of its own.
  delta: [],
}
/** relay_on has no sum: it counts how often it was on. */
const RELAY_PARTS: Readonly<Record<string, string>> = { sum: 'true', count: 'count', last: 'last' }

export type Columns = ReadonlySet<string>

/** What a power factor of several sockets is made from. */
const POWERS: readonly MeasurementName[] = ['active_power', 'apparent_power']

export function columnsOf(plan: AggregatePlan, total: boolean): Columns {
  const columns = new Set<string>()
  for (const { measurement, aggregates } of plan) {
    for (const part of aggregates.flatMap((name) => PARTS[name])) {
      columns.add(`${measurement}_${measurement === 'relay_on' ? RELAY_PARTS[part] : part}`)
    }
    if (total && measurement === 'power_factor' && aggregates.includes('avg')) {
      for (const power of POWERS) columns.add(`${power}_sum`).add(`${power}_count`)
    }
  }
  return columns
}

/** Whether consumption is asked for, which looks at neighbouring buckets. */
export function needsConsumption(plan: AggregatePlan): boolean {
  return plan.some(({ aggregates }) => aggregates.includes('delta'))
}
