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
  [
    'megawatt hours in capitals, beside the value',
    { payload: { energy: { value: 1.5, unit: 'MWH' } }, measurements: { energy: 1500 } },
  ],
  ['megawatt hours in capitals, behind the value', { payload: { energy: '1.5 MWH' }, measurements: { energy: 1500 } }],
  ['megawatt hours in capitals, in the key', { payload: { energy_MWH: 1.5 }, measurements: { energy: 1500 } }],
  ['megawatts in a key in lower case', { payload: { power_Mw: 0.0001 }, measurements: { active_power: 100 } }],
  ['megawatts in a key in camel case', { payload: { powerMW: 0.0001 }, measurements: { active_power: 100 } }],
  ['megawatts as the key', { payload: { V: 230, MW: 0.0001 }, measurements: { voltage: 230, active_power: 100 } }],
  [
    'megavars, which a socket does not have',
    {
      payload: { reactive_power: { value: 3.6, unit: 'MVAr' } },
      measurements: { reactive_power: 3_600_000 },
      quality: ['implausible:reactive_power'],
    },
  ],
  [
    'milliunits in keys of lower case',
    {
      payload: { voltage_mv: 230_000, current_ma: 500, power_mw: 100_000, energy_mwh: 12_000_000 },
      measurements: { ...UIP, energy: 12 },
    },
  ],
  [
    'milliunits in camel case, where no socket has megavolts',
    { payload: { voltageMv: 230_000, currentMa: 500, power: 100 }, measurements: UIP },
  ],
  [
    'an M that may be milli, beside the value',
    {
      payload: { voltage: 230, current: { value: 500, unit: 'MA' } },
      measurements: { voltage: 230 },
      extra: { current: 500 },
      quality: ['unit-ambiguous:current'],
    },
  ],
  [
    'an M that may be milli, in a field of its own',
    {
      payload: { voltage: 230, current: 500, current_unit: 'MA' },
      measurements: { voltage: 230 },
      extra: { current: 500 },
      quality: ['unit-ambiguous:current'],
    },
  ],
  [
    'an M that may be milli, for the whole object',
    {
      payload: { current: 12, unit: 'MA', relay: true },
      measurements: { relay_on: true },
      extra: { current: 12 },
      quality: ['unit-ambiguous:current'],
    },
  ],
  [
    'an M that may be milli, behind the value',
    { payload: { voltage: 230, current: '500 MA' }, measurements: { voltage: 230 }, quality: ['invalid:current'] },
  ],
  [
    'keys in capitals, whose M may be milli',
    {
      payload: { VOLTAGE: 230, POWER_MW: 100_000, ENERGY_MWH: 12, CURRENT_MA: 500 },
      measurements: { voltage: 230 },
      extra: { POWER_MW: 100_000, ENERGY_MWH: 12, CURRENT_MA: 500 },
    },
  ],
  [
    'keys in camel case, whose M may be milli',
    {
      payload: { voltage: 230, powerMw: 100_000, energyMwh: 12, Reactive_Power_Mvar: 5, frequencyMhz: 868 },
      measurements: { voltage: 230 },
      extra: { powerMw: 100_000, energyMwh: 12, Reactive_Power_Mvar: 5, frequencyMhz: 868 },
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
    'one of several meters of a gateway, with its own phases and clock',
    {
      payload: {
        batch: [
          {
            device_id: 'EM-1',
            timestamp: '2026-11-23T08:00:00Z',
            metrics: { voltage: { phase_a: 230, phase_b: 231 } },
          },
          {
            device_id: 'EM-2',
            timestamp: '2026-11-23T08:30:00Z',
            metrics: { voltage: { phase_a: 240, phase_b: 241 } },
          },
        ],
      },
      config: { channel: 'EM-2' },
      measurements: {},
      phases: { l1: { voltage: 240 }, l2: { voltage: 241 } },
      measuredAt: '2026-11-23T08:30:00.000Z',
    },
  ],
  [
    'values with labels',
    {
      payload: {
        data: [
          { label: 'active_power', value: 45, unit: 'W' },
          { label: 'active_energy', value: 1200, unit: 'Wh' },
        ],
      },
      measurements: { active_power: 45, energy: 1.2 },
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
