import type { Measurements } from '@iomt/contracts/measurements'
import { expect, test } from 'vitest'
import { decodeCase, type ReadingCase, readingOf } from '../testing/reading-case.ts'

const UIP: Measurements = { voltage: 230, current: 0.5, active_power: 100 }

const cases: ReadonlyArray<readonly [string, Omit<ReadingCase, 'what'>]> = [
  [
    'phases by suffix',
    {
      payload: { voltageL1: 230, voltageL2: 231, voltageL3: 232, powerL1: 1, powerL2: 2, powerL3: 3 },
      measurements: { active_power: 6 },
      phases: {
        l1: { voltage: 230, active_power: 1 },
        l2: { voltage: 231, active_power: 2 },
        l3: { voltage: 232, active_power: 3 },
      },
    },
  ],
  [
    'phases by letter',
    {
      payload: { Ua: 230, Ub: 231, Uc: 232, Ia: 1, Ib: 2, Ic: 3 },
      measurements: {},
      phases: { l1: { voltage: 230, current: 1 }, l2: { voltage: 231, current: 2 }, l3: { voltage: 232, current: 3 } },
    },
  ],
  [
    'va beside vb and vc',
    {
      payload: { va: 230, vb: 231, vc: 232, ia: 1, ib: 2, ic: 3 },
      measurements: {},
      phases: { l1: { voltage: 230, current: 1 }, l2: { voltage: 231, current: 2 }, l3: { voltage: 232, current: 3 } },
    },
  ],
  [
    'objects of phases',
    {
      payload: { L1: { U: 230, I: 1 }, L2: { U: 231, I: 2 }, L3: { U: 232, I: 3 }, total: { power: 600 } },
      measurements: { active_power: 600 },
      phases: { l1: { voltage: 230, current: 1 }, l2: { voltage: 231, current: 2 }, l3: { voltage: 232, current: 3 } },
    },
  ],
  [
    'a list with phases',
    {
      payload: {
        phases: [
          { phase: 'L1', power: 1 },
          { phase: 'L2', power: 2 },
          { phase: 'L3', power: 3 },
        ],
      },
      measurements: { active_power: 6 },
      phases: { l1: { active_power: 1 }, l2: { active_power: 2 }, l3: { active_power: 3 } },
    },
  ],
  [
    'lists that may be phases',
    {
      payload: { voltage: [230, 231, 232], power: [1, 2, 3] },
      measurements: { active_power: 6 },
      phases: {
        l1: { voltage: 230, active_power: 1 },
        l2: { voltage: 231, active_power: 2 },
        l3: { voltage: 232, active_power: 3 },
      },
      quality: ['phases-assumed'],
    },
  ],
  [
    'lists of a PDU with three phases',
    {
      payload: { power: [1, 2, 3] },
      specifications: { phases: 3 },
      measurements: { active_power: 6 },
      phases: { l1: { active_power: 1 }, l2: { active_power: 2 }, l3: { active_power: 3 } },
    },
  ],
  [
    'lists of outlets',
    {
      payload: { voltage: 230, power: [1, 2, 3, 4], relays: [1, 0, 1, 0] },
      config: { channel: 2 },
      measurements: { voltage: 230, active_power: 2, relay_on: false },
    },
  ],
  [
    'objects of outlets',
    {
      payload: { voltage: 230, outlet1: { power: 1 }, outlet2: { power: 2 } },
      config: { channel: 2 },
      measurements: { voltage: 230, active_power: 2 },
    },
  ],
  [
    'a list of outlets',
    {
      payload: {
        outlets: [
          { id: 1, power: 1, state: 'on' },
          { id: 2, power: 2, state: 'off' },
        ],
      },
      config: { channel: 2 },
      measurements: { active_power: 2, relay_on: false },
    },
  ],
  [
    'outlets with names',
    {
      payload: { 'outlet A1': { power: 1 }, 'outlet A2': { power: 2 } },
      config: { channel: 'A2' },
      measurements: { active_power: 2 },
    },
  ],
  [
    'numbered fields',
    {
      payload: { power_1: 1, power_2: 2, power_3: 3, power_4: 4, state_3: 'on' },
      config: { channel: 3 },
      measurements: { active_power: 3, relay_on: true },
    },
  ],
  [
    'amperes, with nothing of a phase B',
    { payload: { voltage_v: 230, current_a: 0.5, power_w: 100 }, measurements: UIP },
  ],
  [
    'phase A, with a phase B',
    {
      payload: { current_a: 1, current_b: 2, current_c: 3, power: 600 },
      measurements: { active_power: 600 },
      phases: { l1: { current: 1 }, l2: { current: 2 }, l3: { current: 3 } },
    },
  ],
]

test.each(cases)('%s', (what, one) => {
  const result = decodeCase({ what, ...one })
  expect(result).toMatchObject({ ok: true, reading: readingOf({ what, ...one }) })
  if (result.ok !== true) return
  expect(result.reading.measurements).toEqual(one.measurements)
  expect(result.reading.phases).toEqual(one.phases ?? null)
})
