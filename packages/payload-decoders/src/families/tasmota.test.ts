import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const ENERGY_DUAL = {
  Time: '2026-11-23T08:00:00',
  ENERGY: { Total: 3.1, Power: [12, 30], Current: [0.05, 0.13], Voltage: 231 },
}
const cases: readonly ReadingCase[] = [
  {
    what: 'a relay of two',
    payload: ENERGY_DUAL,
    config: { channel: 2 },
    decoder: 'tasmota@1',
    measurements: { voltage: 231, current: 0.13, active_power: 30 },
  },
  {
    what: 'a switched relay',
    payload: { POWER2: 'OFF' },
    config: { channel: 2 },
    decoder: 'tasmota@1',
    measurements: { relay_on: false },
    partial: true,
  },
  {
    what: 'tariffs beside a total',
    payload: { ENERGY: { Total: 30.1, TotalTariff: [10.1, 20], Power: 12, ExportActive: 0.5 } },
    decoder: 'tasmota@1',
    measurements: { active_power: 12, energy: 30.1 },
    extra: { energy_export: 0.5 },
  },
  {
    what: 'a sensor in Fahrenheit',
    payload: { Time: '2026-11-23T08:00:00', DS18B20: { Temperature: 68 }, TempUnit: 'F' },
    decoder: 'tasmota@1',
    measurements: { temperature: 20 },
  },
  {
    what: 'phases with a counter each',
    payload: { ENERGY: { Total: [1, 2, 3], Power: [10, 20, 30], Voltage: [230, 231, 232] } },
    decoder: 'tasmota@1',
    measurements: { active_power: 60, energy: 6 },
    phases: {
      l1: { voltage: 230, active_power: 10, energy: 1 },
      l2: { voltage: 231, active_power: 20, energy: 2 },
      l3: { voltage: 232, active_power: 30, energy: 3 },
    },
  },
  {
    what: 'a Zigbee plug behind a bridge',
    payload: { ZbReceived: { '0x12': { Power: 1, RMSVoltage: 230, ActivePower: 12 } } },
    decoder: 'tasmota@1',
    measurements: { voltage: 230, active_power: 12, relay_on: true },
    partial: true,
  },
  {
    what: 'STATUS 11',
    payload: { StatusSTS: { Time: '2026-11-23T08:00:00', UptimeSec: 5, POWER: 'ON' } },
    decoder: 'tasmota@1',
    measurements: { relay_on: true },
  },
]

testReadingCases(cases)
