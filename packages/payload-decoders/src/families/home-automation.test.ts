import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const cases: readonly ReadingCase[] = [
  // Home automation
  {
    what: 'a state of Home Assistant',
    payload: {
      entity_id: 'sensor.p',
      state: '0.0469',
      attributes: { unit_of_measurement: 'kW', device_class: 'power' },
    },
    decoder: 'home-assistant@1',
    measurements: { active_power: 46.9 },
    partial: true,
  },
  {
    what: 'a state without a unit',
    payload: { entity_id: 'sensor.e', state: '12', attributes: { device_class: 'energy' } },
    decoder: 'home-assistant@1',
    measurements: {},
    extra: { energy: 12 },
    quality: ['unit-ambiguous:energy'],
    partial: true,
  },
  {
    what: 'a switch of Home Assistant',
    payload: { event_type: 'state_changed', event_data: { new_state: { entity_id: 'switch.p', state: 'on' } } },
    decoder: 'home-assistant@1',
    measurements: { relay_on: true },
    partial: true,
  },
  {
    what: 'ESPHome',
    payload: '0.5',
    topic: 'plug/sensor/washing_machine_current/state',
    decoder: 'plain-value@1',
    measurements: { current: 0.5 },
    partial: true,
  },
  {
    what: 'ESPHome’s switch',
    payload: 'ON',
    topic: 'plug/switch/anything/state',
    decoder: 'plain-value@1',
    measurements: { relay_on: true },
    partial: true,
  },
  {
    what: 'Tasmota’s POWER topic',
    payload: 'ON',
    topic: 'stat/plug/POWER',
    decoder: 'plain-value@1',
    measurements: { relay_on: true },
    partial: true,
  },
  {
    what: 'openHAB’s quantity',
    payload: '500 mA',
    decoder: 'plain-value@1',
    measurements: { current: 0.5 },
    partial: true,
  },
  // Text
  {
    what: 'a header line',
    payload: 'voltage,current,power\n230.1,0.5,100',
    decoder: 'csv@1',
    measurements: { voltage: 230.1, current: 0.5, active_power: 100 },
  },
  {
    what: 'names and values',
    payload: 'V:230.1 I:0.5 P:100',
    decoder: 'csv@1',
    measurements: { voltage: 230.1, current: 0.5, active_power: 100 },
  },
]

testReadingCases(cases)
