import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const cases: readonly ReadingCase[] = [
  {
    what: 'a strip that was switched',
    payload: {
      header: { namespace: 'Appliance.Control.ToggleX' },
      payload: {
        togglex: [
          { channel: 0, onoff: 1 },
          { channel: 1, onoff: 0 },
          { channel: 2, onoff: 1 },
        ],
      },
    },
    config: { channel: 2 },
    decoder: 'meross@1',
    measurements: { relay_on: true },
    partial: true,
  },
  {
    what: 'Kasa’s first hardware',
    payload: { emeter: { get_realtime: { voltage: 230.1, current: 0.5, power: 100, total: 12.3 } } },
    decoder: 'kasa@1',
    measurements: { voltage: 230.1, current: 0.5, active_power: 100, energy: 12.3 },
  },
  {
    what: 'Tapo',
    payload: { today_runtime: 10, today_energy: 120, month_energy: 5000, current_power: 25_290 },
    decoder: 'kasa@1',
    measurements: { active_power: 25.29 },
    extra: { energy_today: 0.12, energy_month: 5 },
  },
  {
    what: 'older data points',
    payload: { dps: { '1': true, '4': 500, '5': 1100, '6': 2300 } },
    decoder: 'tuya@1',
    measurements: { voltage: 230, current: 0.5, active_power: 110, relay_on: true },
  },
  {
    what: 'codes in a list',
    payload: {
      status: [
        { code: 'switch_1', value: false },
        { code: 'cur_voltage', value: 2312 },
        { code: 'cur_current', value: 500 },
        { code: 'cur_power', value: 1100 },
      ],
    },
    decoder: 'tuya@1',
    measurements: { voltage: 231.2, current: 0.5, active_power: 110, relay_on: false },
    partial: true,
  },
]

testReadingCases(cases)
