import type { Measurements } from '@iomt/contracts/measurements'
import { expect, test } from 'vitest'
import { decodeCase, type ReadingCase, readingOf } from '../testing/reading-case.ts'

const UIP: Measurements = { voltage: 230, current: 0.5, active_power: 100 }

const cases: ReadonlyArray<readonly [string, Omit<ReadingCase, 'what'>]> = [
  ['German', { payload: { Spannung: 230, Strom: 0.5, Leistung: 100 }, measurements: UIP }],
  ['Vietnamese', { payload: { dien_ap: 230, dong_dien: 0.5, cong_suat: 100 }, measurements: UIP }],
  ['French', { payload: { tension: 230, courant: 0.5, puissance: 100 }, measurements: UIP }],
  ['Spanish', { payload: { voltaje: 230, corriente: 0.5, potencia: 100 }, measurements: UIP }],
  ['capitals', { payload: { VOLTAGE: 230, CURRENT: 0.5, POWER: 100 }, measurements: UIP }],
  ['camel case with units', { payload: { rmsVoltageV: 230, rmsCurrentA: 0.5, activePowerW: 100 }, measurements: UIP }],
  [
    'units in parentheses',
    { payload: { 'Voltage (V)': 230, 'Current (mA)': 500, 'Power [W]': 100 }, measurements: UIP },
  ],
  [
    'units in keys',
    {
      payload: { voltage_dV: 2300, current_ma: 500, power_kw: 0.1, energy_wh: 12_345 },
      measurements: { ...UIP, energy: 12.345 },
    },
  ],
  ['letters', { payload: { u: 230, i: 0.5, p: 100, f: 50 }, measurements: { ...UIP, frequency: 50 } }],
  [
    'unit symbols as keys',
    { payload: { V: 230, A: 0.5, W: 100, Hz: 50, kWh: 12.5 }, measurements: { ...UIP, frequency: 50, energy: 12.5 } },
  ],
  [
    'what is measured now',
    {
      payload: { current_voltage: 230, current_power: 100, curr_w: 100 },
      measurements: { voltage: 230, active_power: 100 },
    },
  ],
  [
    'numbers in text with units',
    { payload: { voltage: '230.0 V', current: '0,5 A', power: '100 W' }, measurements: UIP },
  ],
  [
    'values with units beside them',
    {
      payload: {
        voltage: { value: 230, unit: 'V' },
        current: { value: 500, unit: 'mA' },
        power: { value: 0.1, unit: 'kW' },
      },
      measurements: UIP,
    },
  ],
  [
    'units in fields of their own',
    {
      payload: { current: 500, current_unit: 'mA', energy: 12_345, unit_energy: 'Wh' },
      measurements: { current: 0.5, energy: 12.345 },
    },
  ],
  [
    'an object of units',
    {
      payload: { current: 500, energy: 12_345, units: { energy: 'Wh', current: 'mA' } },
      measurements: { current: 0.5, energy: 12.345 },
    },
  ],
  ['power in VA', { payload: { power: { value: 115, unit: 'VA' } }, measurements: { apparent_power: 115 } }],
  [
    'consumption in watts and in kilowatt hours',
    { payload: { consumption_w: 100, consumption_kwh: 5 }, measurements: { active_power: 100, energy: 5 } },
  ],
  [
    'two levels down',
    { payload: { id: 'x', data: { meter: { voltage: 230, current: 0.5, power: 100 } } }, measurements: UIP },
  ],
  [
    'a device’s shadow',
    {
      payload: { state: { reported: { voltage: 230, relay: true }, desired: { relay: false } } },
      measurements: { voltage: 230, relay_on: true },
    },
  ],
  [
    'named values',
    {
      payload: {
        values: [
          { id: 'Meter.Voltage_L1', v: 230 },
          { id: 'Meter.Total_Active_Power_kW', v: 1.5 },
        ],
      },
      measurements: { voltage: 230, active_power: 1500 },
      phases: { l1: { voltage: 230 } },
    },
  ],
  [
    'SenML',
    {
      payload: [
        { bn: 'x', n: 'voltage', u: 'V', v: 230 },
        { n: 'power', u: 'W', v: 100 },
      ],
      measurements: { voltage: 230, active_power: 100 },
    },
  ],
  [
    'energy by aspects',
    {
      payload: { energy: { today: 1, total: 100, export: 5, unit: 'kWh' } },
      measurements: { energy: 100 },
      extra: { energy_today: 1, energy_export: 5 },
    },
  ],
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
  [
    'percent that the other values confirm',
    {
      payload: { voltage: 230, current: 1, power: 200, power_factor: 87 },
      measurements: { voltage: 230, current: 1, active_power: 200, power_factor: 0.87 },
    },
  ],
  [
    'a doubtful voltage of a known PDU',
    {
      payload: { voltage: 120 },
      specifications: { rated_voltage: 230 },
      measurements: { voltage: 120 },
      quality: ['implausible:voltage'],
    },
  ],
  [
    'a documented unit beyond the PDU',
    {
      payload: { current_ma: 40_000 },
      specifications: { max_current: '16 A' },
      measurements: { current: 40 },
      quality: ['implausible:current'],
    },
  ],
  [
    'values of two moments',
    {
      payload: { voltage: 231.2, current: 0.169, power: 15.4, power_factor: 0.62 },
      measurements: { voltage: 231.2, current: 0.169, active_power: 15.4, power_factor: 0.62 },
      quality: ['skewed'],
    },
  ],
  [
    'a day and a time',
    { payload: { date: '2026-11-23', time: '08:00:00', voltage: 230 }, measurements: { voltage: 230 } },
  ],
  [
    'what a device says as a whole, at the second of several sockets',
    {
      payload: { voltage: 230, current: 0.5, power: 100, socket_state: true },
      config: { channel: 2 },
      measurements: { voltage: 230 },
      quality: ['not-split-by-channel:current', 'not-split-by-channel:active_power', 'not-split-by-channel:relay_on'],
    },
  ],
  [
    'the only socket of a device, though it has a channel',
    { payload: { power: 100 }, config: { channel: 1 }, measurements: { active_power: 100 } },
  ],
  [
    'expected and missing',
    {
      payload: { voltage: 230 },
      config: { expected: ['voltage', 'energy'] },
      measurements: { voltage: 230 },
      quality: ['missing:energy'],
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
