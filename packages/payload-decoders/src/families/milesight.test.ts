import type { ReadingCase } from '../testing/reading-case.ts'
import { testReadingCases } from '../testing/test-reading-cases.ts'

const MILESIGHT = { voltage: 230.1, active_power: 45, power_factor: 90, power_consumption: 1234, current: 217 }
const cases: readonly ReadingCase[] = [
  {
    what: 'ChirpStack v3',
    payload: {
      applicationID: '1',
      devEUI: 'AQ==',
      rxInfo: [{ time: '2026-11-23T08:00:00Z' }],
      fPort: 85,
      objectJSON: JSON.stringify({ ...MILESIGHT, socket_status: 'off' }),
    },
    decoder: 'milesight@1',
    measurements: {
      voltage: 230.1,
      current: 0.217,
      active_power: 45,
      power_factor: 0.9,
      energy: 1.234,
      relay_on: false,
    },
  },
  {
    what: 'The Things Stack',
    payload: {
      end_device_ids: {},
      uplink_message: { f_port: 85, decoded_payload: MILESIGHT, settings: { frequency: '868100000' } },
    },
    decoder: 'milesight@1',
    measurements: { voltage: 230.1, current: 0.217, active_power: 45, power_factor: 0.9, energy: 1.234 },
  },
  {
    what: 'bytes without a codec',
    payload: { deviceInfo: {}, fPort: 85, data: 'CHABBYEsB8lKAAN0MAkGgwlmAAAEgAcAAAA=' },
    decoder: 'milesight@1',
    measurements: {
      voltage: 235.2,
      current: 0.074,
      active_power: 7,
      power_factor: 0.44,
      energy: 26.121,
      relay_on: true,
    },
  },
  {
    what: 'an older codec',
    payload: { voltage: 230.1, power: 45, factor: 90, power_sum: 1234, current: 217, state: 'open' },
    decoder: 'milesight@1',
    measurements: {
      voltage: 230.1,
      current: 0.217,
      active_power: 45,
      power_factor: 0.9,
      energy: 1.234,
      relay_on: true,
    },
  },
  {
    what: 'the same names in amperes',
    payload: { ...MILESIGHT, current: 0.217 },
    decoder: 'nested-json@1',
    measurements: { voltage: 230.1, current: 0.217, active_power: 45, power_factor: 0.9 },
    quality: ['unit-ambiguous:energy'],
  },
  {
    what: 'another sensor in an uplink',
    payload: { deviceInfo: {}, object: { voltage: 230.4 }, txInfo: { frequency: 868_100_000 } },
    decoder: 'nested-json@1',
    measurements: { voltage: 230.4 },
  },
]

testReadingCases(cases)
