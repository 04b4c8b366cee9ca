import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const PHASES_EM = {
  l1: { voltage: 230, current: 1, active_power: 200, power_factor: 0.87, energy: 1 },
  l2: { voltage: 231, current: 1, active_power: 201, power_factor: 0.87, energy: 2 },
  l3: { voltage: 232, current: 1, active_power: 202, power_factor: 0.87, energy: 3 },
}
const cases: readonly ReadingCase[] = [
  {
    what: 'NETIO with several outputs',
    payload: {
      Agent: {},
      GlobalMeasure: { Voltage: 230, Frequency: 50, TotalCurrent: 500 },
      Outputs: [
        { ID: 1, State: 1, Current: 200, Load: 40 },
        { ID: 2, State: 0, Current: 300, Load: 60, Energy: 2000 },
      ],
    },
    config: { channel: 2 },
    decoder: 'netio@1',
    measurements: { voltage: 230, frequency: 50, current: 0.3, active_power: 60, energy: 2, relay_on: false },
  },
  {
    what: 'NETIO’s MQTT-flex',
    payload: '191',
    topic: 'devices/netio-1/output/1/current',
    decoder: 'plain-value@1',
    measurements: { current: 0.191 },
    partial: true,
  },
  {
    what: 'GUDE’s summary',
    payload: {
      type: 'telemetry',
      portstates: [
        { port: '1', state: 1 },
        { port: '2', state: 0 },
      ],
    },
    config: { channel: 2 },
    decoder: 'gude@1',
    measurements: { relay_on: false },
  },
  {
    what: 'a single-phase IAMMETER',
    payload: { SN: '1', Data: [228.91, 0.72, 142, 6358.61, 5.2] },
    decoder: 'iammeter@1',
    measurements: { voltage: 228.91, current: 0.72, active_power: 142, energy: 6358.61 },
    extra: { energy_export: 5.2 },
  },
  {
    what: 'a three-phase IAMMETER',
    payload: {
      SN: '1',
      Datas: [
        [230, 1, 200, 1, 0, 50, 0.87],
        [231, 1, 201, 2, 0, 50, 0.87],
        [232, 1, 202, 3, 0, 50, 0.87],
      ],
    },
    decoder: 'iammeter@1',
    measurements: { active_power: 603, energy: 6, frequency: 50 },
    phases: PHASES_EM,
  },
  {
    what: 'a phase of Victron',
    payload: { value: 231.2 },
    topic: 'N/abc/grid/30/Ac/L1/Voltage',
    decoder: 'victron@1',
    measurements: {},
    phases: { l1: { voltage: 231.2 } },
    partial: true,
  },
  {
    what: 'Victron’s letters',
    payload: { value: 230 },
    topic: 'N/abc/vebus/276/Ac/Out/L1/P',
    decoder: 'victron@1',
    measurements: {},
    phases: { l1: { active_power: 230 } },
    partial: true,
  },
  {
    what: 'ioBroker',
    payload: { val: 230.1, ack: true, ts: 1_795_424_340_000, q: 0, from: 'x', lc: 1 },
    topic: 'shelly/0/plug/Power',
    decoder: 'victron@1',
    measurements: { active_power: 230.1 },
    partial: true,
  },
]

testReadingCases(cases)
