import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const cases: readonly ReadingCase[] = [
  {
    what: 'a power factor as a fraction',
    payload: { voltage: 230, current: 0.5, power: 100, power_factor: 0.87, linkquality: 9 },
    decoder: 'zigbee2mqtt@1',
    measurements: { voltage: 230, current: 0.5, active_power: 100, power_factor: 0.87 },
    extra: { linkquality: 9 },
  },
  {
    what: 'a double socket',
    payload: { state_l1: 'ON', state_l2: 'OFF', power_l1: 10, power_l2: 0, voltage: 230, linkquality: 9 },
    config: { channel: 'l1' },
    decoder: 'zigbee2mqtt@1',
    measurements: { voltage: 230, active_power: 10, relay_on: true },
  },
  {
    what: 'a double socket by number',
    payload: { state_l1: 'ON', state_l2: 'OFF', linkquality: 9 },
    config: { channel: 2 },
    decoder: 'zigbee2mqtt@1',
    measurements: { relay_on: false },
  },
  {
    what: 'two clamps',
    payload: { power_a: 100, power_b: 200, power_ab: 300, voltage: 230, linkquality: 9 },
    config: { channel: 'b' },
    decoder: 'zigbee2mqtt@1',
    measurements: { voltage: 230, active_power: 200 },
  },
  {
    what: 'phases of which the first has no suffix',
    payload: { voltage: 230, voltage_phase_b: 231, voltage_phase_c: 232, power: 5, linkquality: 9 },
    decoder: 'zigbee2mqtt@1',
    measurements: {},
    phases: { l1: { voltage: 230 }, l2: { voltage: 231 }, l3: { voltage: 232 } },
    quality: ['ambiguous:active_power'],
  },
  {
    what: 'attribute mode',
    payload: '12.3',
    topic: 'zigbee2mqtt/plug/energy',
    decoder: 'plain-value@1',
    measurements: { energy: 12.3 },
    partial: true,
  },
]

testReadingCases(cases)
