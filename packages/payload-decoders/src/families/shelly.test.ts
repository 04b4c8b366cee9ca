import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const emeter = (voltage: number, power: number, total: number) => ({
  power,
  pf: 0.87,
  current: 1,
  voltage,
  is_valid: true,
  total,
  total_returned: 0,
})
const PHASES_EM = {
  l1: { voltage: 230, current: 1, active_power: 200, power_factor: 0.87, energy: 1 },
  l2: { voltage: 231, current: 1, active_power: 201, power_factor: 0.87, energy: 2 },
  l3: { voltage: 232, current: 1, active_power: 202, power_factor: 0.87, energy: 3 },
}
const cases: readonly ReadingCase[] = [
  // Shelly Gen2 to Gen4
  {
    what: 'a PM Mini',
    payload: { id: 0, voltage: 230.2, current: 0.5, apower: 100.1, freq: 50, aenergy: { total: 1000 } },
    decoder: 'shelly-rpc@1',
    measurements: { voltage: 230.2, current: 0.5, active_power: 100.1, frequency: 50, energy: 1 },
  },
  {
    what: 'an EM clamp',
    payload: { id: 0, current: 1.2, voltage: 230, act_power: 250, aprt_power: 276, pf: 0.9, calibration: 'factory' },
    decoder: 'shelly-rpc@1',
    measurements: { voltage: 230, current: 1.2, active_power: 250, apparent_power: 276, power_factor: 0.9 },
  },
  {
    what: 'counters of a 3EM',
    payload: {
      id: 0,
      a_total_act_energy: 1000,
      b_total_act_energy: 2000,
      c_total_act_energy: 3000,
      total_act: 6000,
      total_act_ret: 10,
    },
    decoder: 'shelly-rpc@1',
    measurements: { energy: 6 },
    phases: { l1: { energy: 1 }, l2: { energy: 2 }, l3: { energy: 3 } },
    extra: { energy_export: 0.01 },
  },
  {
    what: 'one phase of a 3EM',
    payload: { src: 's', method: 'NotifyStatus', params: { 'em:0': { a_act_power: 5, total_act_power: 25 } } },
    decoder: 'shelly-rpc@1',
    measurements: { active_power: 25 },
    phases: { l1: { active_power: 5 } },
    partial: true,
  },
  {
    what: 'an answer to Switch.GetStatus',
    payload: {
      id: 7,
      src: 'shelly',
      dst: 'x',
      result: { id: 0, source: 'init', output: false, apower: 0, voltage: 230 },
    },
    decoder: 'shelly-rpc@1',
    measurements: { voltage: 230, active_power: 0, relay_on: false },
  },
  {
    what: 'the outlet of its own topic',
    payload: { id: 2, source: 'init', output: true, apower: 5 },
    topic: 'x/status/switch:2',
    decoder: 'shelly-rpc@1',
    measurements: { active_power: 5, relay_on: true },
  },
  {
    what: 'a meter beside a contactor',
    payload: {
      'switch:0': { id: 0, output: true },
      'em1:0': { id: 0, act_power: 5 },
      'em1:1': { id: 1, act_power: 7 },
    },
    config: { channel: 1 },
    decoder: 'shelly-rpc@1',
    measurements: { active_power: 7 },
  },
  // Shelly Gen1
  {
    what: 'a 1PM',
    payload: {
      relays: [{ ison: true }],
      meters: [{ power: 45.2, is_valid: true, timestamp: 1_600_000_000, total: 60_000 }],
      tmp: { tC: 40, is_valid: true },
    },
    decoder: 'shelly-gen1@1',
    measurements: { active_power: 45.2, energy: 1, temperature: 40, relay_on: true },
  },
  {
    what: 'a 3EM',
    payload: {
      relays: [{ ison: false }],
      emeters: [emeter(230, 200, 1000), emeter(231, 201, 2000), emeter(232, 202, 3000)],
      total_power: 603,
    },
    decoder: 'shelly-gen1@1',
    measurements: { active_power: 603, energy: 6, relay_on: false },
    phases: PHASES_EM,
  },
  {
    what: 'a relay’s topic',
    payload: 'off',
    topic: 'shellies/x/relay/0',
    decoder: 'shelly-gen1@1',
    measurements: { relay_on: false },
    partial: true,
  },
  {
    what: 'overpower',
    payload: 'overpower',
    topic: 'shellies/x/relay/0',
    decoder: 'shelly-gen1@1',
    measurements: { relay_on: false },
    extra: { overpower: true },
    partial: true,
  },
  {
    what: 'watt-minutes of an emeter',
    payload: '60000',
    topic: 'shellies/x/emeter/0/energy',
    decoder: 'shelly-gen1@1',
    measurements: { energy: 1 },
    partial: true,
  },
  {
    what: 'watt hours of an emeter',
    payload: '401472.9',
    topic: 'shellies/x/emeter/0/total',
    decoder: 'shelly-gen1@1',
    measurements: { energy: 401.4729 },
    partial: true,
  },
  {
    what: 'a phase’s topic',
    payload: '5.5',
    topic: 'shellies/x/emeter/1/power',
    specifications: { phases: 3 },
    decoder: 'shelly-gen1@1',
    measurements: {},
    phases: { l2: { active_power: 5.5 } },
    partial: true,
  },
]

testReadingCases(cases)
