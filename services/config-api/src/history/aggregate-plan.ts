import { MEASUREMENT_NAMES, type MeasurementName } from '@iomt/contracts/measurements'
import { AGGREGATES, type Aggregate } from '@iomt/contracts/rest/telemetry-history'
import { invalidField } from '../changes/refusal.ts'

/** Which aggregates of which measurements an answer has, in the order of the contract. */
export type AggregatePlan = readonly {
  readonly measurement: MeasurementName
  readonly aggregates: readonly Aggregate[]
}[]

const GAUGE: readonly Aggregate[] = ['avg', 'min', 'max', 'last', 'sum', 'count']
/** A counter's average says nothing; of several sockets not even its last value does. */
const COUNTER: readonly Aggregate[] = ['min', 'max', 'last', 'count', 'delta']
const COUNTER_TOTAL: readonly Aggregate[] = ['count', 'delta']
const SWITCH: readonly Aggregate[] = ['avg', 'last', 'sum', 'count']

function aggregatesOf(measurement: MeasurementName, total: boolean): readonly Aggregate[] {
  if (measurement === 'relay_on') return SWITCH
  if (measurement !== 'energy') return GAUGE
  return total ? COUNTER_TOTAL : COUNTER
}

function standardOf(measurement: MeasurementName): Aggregate {
  if (measurement === 'relay_on') return 'last'
  return measurement === 'energy' ? 'delta' : 'avg'
}

/**
 * What `agg` and `measurements` ask for; `total`: of several sockets together.
 * @throws Refusal for an unknown aggregate, and for a measurement that was named and has none of those that were asked for.
 */
export function planAggregates(
  agg: string | undefined,
  measurements: readonly MeasurementName[] | null,
  total: boolean,
): AggregatePlan {
  const wanted = agg === undefined ? null : readAggregates(agg)
  const plan = (measurements ?? MEASUREMENT_NAMES).map((measurement) => {
    const possible = aggregatesOf(measurement, total)
    return {
      measurement,
      aggregates: wanted ? possible.filter((name) => wanted.has(name)) : [standardOf(measurement)],
    }
  })
  const without = measurements && plan.find(({ aggregates }) => aggregates.length === 0)
  if (without) {
    const possible = aggregatesOf(without.measurement, total).join(', ')
    const whole = total ? ' of several sockets together' : ''
    throw invalidField('/agg', `has nothing for ${without.measurement}, which has ${possible}${whole}`)
  }
  return plan.filter(({ aggregates }) => aggregates.length > 0)
}

function readAggregates(text: string): ReadonlySet<Aggregate> {
  const given = text.split(',').map((name) => name.trim())
  const unknown = given.find((name) => !AGGREGATES.includes(name as Aggregate))
  if (unknown !== undefined) {
    const problem = unknown === '' ? 'holds an empty name' : `names no aggregate: ${unknown}`
    throw invalidField('/agg', `${problem}; known are ${AGGREGATES.join(', ')}`)
  }
  return new Set(given as Aggregate[])
}
