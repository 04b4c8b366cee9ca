import { MEASUREMENT_NAMES } from '@iomt/contracts/measurements'
import { expect, test } from 'vitest'
import { planAggregates } from './aggregate-plan.ts'

test('each measurement has what makes sense for it when nothing is asked for', () => {
  const plan = Object.fromEntries(
    planAggregates(undefined, null, false).map((one) => [one.measurement, one.aggregates]),
  )
  expect(Object.keys(plan)).toEqual([...MEASUREMENT_NAMES])
  expect(plan).toMatchObject({ voltage: ['avg'], active_power: ['avg'], energy: ['delta'], relay_on: ['last'] })
})

test('what was asked for, where it makes sense', () => {
  expect(planAggregates('max, avg', ['voltage'], false)).toEqual([
    { measurement: 'voltage', aggregates: ['avg', 'max'] },
  ])
  expect(planAggregates('delta', null, false)).toEqual([{ measurement: 'energy', aggregates: ['delta'] }])
  expect(planAggregates('last', null, false).map(({ measurement }) => measurement)).toContain('energy')
  expect(planAggregates('last', null, true).map(({ measurement }) => measurement)).not.toContain('energy')
})

test('a refusal says what is possible', () => {
  expect(() => planAggregates('mean', null, false)).toThrow(
    'agg names no aggregate: mean; known are avg, min, max, last, sum, count, delta',
  )
  expect(() => planAggregates('avg,', null, false)).toThrow('agg holds an empty name')
  expect(() => planAggregates('delta', ['energy', 'voltage'], false)).toThrow(
    'agg has nothing for voltage, which has avg, min, max, last, sum, count',
  )
  expect(() => planAggregates('last', ['energy'], true)).toThrow('which has count, delta of several sockets together')
})
