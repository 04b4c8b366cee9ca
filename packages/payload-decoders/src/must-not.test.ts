import type { PayloadConfig } from '@iomt/contracts/payload-config'
import { expect, test } from 'vitest'
import { createSocketDecoder } from './socket-decoder.ts'

const receivedAt = new Date('2026-11-23T09:00:00.123Z')

/** The measurements, phases included, that a message gives; none when it is no reading. */
function numbersOf(payload: unknown, topic: string, payloadConfig: PayloadConfig | null, specifications: unknown) {
  const decoder = createSocketDecoder({ payloadConfig, timezone: 'UTC', specifications })
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const result = decoder.decode(Buffer.from(text), { topic, receivedAt })
  if (result.ok !== true) return []
  const { measurements, phases } = result.reading
  return [measurements, ...Object.values(phases ?? {})].flatMap((set) => Object.keys(set))
}

interface Case {
  readonly what: string
  readonly payload: unknown
  /** What must not come out; `all`: nothing at all. */
  readonly not: readonly string[] | 'all'
  readonly topic?: string
  readonly config?: PayloadConfig
  readonly specifications?: unknown
}

const STRIP = { 'switch:0': { id: 0, apower: 5 }, 'switch:1': { id: 1, apower: 7 } }
const PDU = { rated_voltage: 230, max_current: '16 A', phases: 1 }

const cases: readonly Case[] = [
  { what: 'a relay’s word as a power', payload: { POWER: 'ON' }, not: ['active_power'] },
  { what: 'a relay’s bit as watts', payload: { Status: { Power: 1, FriendlyName: ['x'] } }, not: ['active_power'] },
  {
    what: 'a Zigbee switch as watts',
    payload: { ZbReceived: { '0x12': { Power: 1, RMSVoltage: 230 } } },
    not: ['active_power'],
  },
  { what: 'a setting as a power', payload: { power_outage_memory: 5, linkquality: 9 }, not: 'all' },
  { what: 'chip supply as mains', payload: { POWER: 'ON', Vcc: 3.4, Uptime: '0T' }, not: ['voltage'] },
  { what: 'a version alone as a voltage', payload: { v: 230 }, not: 'all' },
  { what: 'a battery as mains', payload: { voltage: 3.1, battery: 90 }, not: ['voltage'] },
  {
    what: 'a battery in millivolts as mains',
    payload: { voltage: 3010, battery: 90, linkquality: 1 },
    not: ['voltage'],
  },
  { what: 'a battery object as mains', payload: { battery: { voltage: 48, current: 2 } }, not: 'all' },
  { what: 'direct current as mains', payload: { value: 230 }, topic: 'N/x/battery/0/Dc/0/Voltage', not: 'all' },
  {
    what: 'the radio as the frequency of the mains',
    payload: { deviceInfo: {}, object: { voltage: 230 }, txInfo: { frequency: 867_100_000 } },
    not: ['frequency'],
  },
  { what: 'a radio frequency in a flat object', payload: { voltage: 230, frequency: 868_100_000 }, not: ['frequency'] },
  { what: 'Wi-Fi as an outlet or a signal as power', payload: { Wifi: { Channel: 13, Signal: -60 } }, not: 'all' },
  { what: 'transmit power as watts', payload: { tx_power: 14, txPower: 14, rssi: -60 }, not: 'all' },
  { what: 'a firmware as a current', payload: { current_firmware: 12, current_version: 3 }, not: 'all' },
  { what: 'limits as values', payload: { limits: { voltage: 250, current: 16 }, max_power: 3680 }, not: 'all' },
  { what: 'an overvoltage alarm as the voltage', payload: { over_voltage: 270, under_voltage: 190 }, not: 'all' },
  { what: 'what is wanted as what is', payload: { state: { desired: { power: 5, relay: true } } }, not: 'all' },
  { what: 'the wanted state of a port as its relay', payload: { output: 1, power: 5 }, not: ['relay_on'] },
  {
    what: 'milliamperes as amperes',
    payload: { voltage: 235.2, current: 74, power: 7 },
    not: ['current', 'active_power'],
  },
  {
    what: 'milliamperes above what the PDU can deliver',
    payload: { current: 74 },
    specifications: PDU,
    not: ['current'],
  },
  { what: 'kilowatts as watts', payload: { voltage: 230, current: 10, power: 2.3 }, not: ['active_power', 'current'] },
  { what: 'milliwatts as watts', payload: { voltage: 248.1, current: 0.036, power: 2782 }, not: ['active_power'] },
  { what: 'decivolts as volts', payload: { voltage: 2301 }, not: ['voltage'] },
  { what: 'a tenth of the rated voltage', payload: { voltage: 23 }, specifications: PDU, not: ['voltage'] },
  {
    what: 'anything beside a voltage in millivolts',
    payload: { voltage: 230_252, power: 4650, current: 20, energy: 12_345 },
    not: 'all',
  },
  { what: 'a value with a divisor', payload: { power: 1000, power_divisor: 10 }, not: ['active_power'] },
  { what: 'swapped voltage and current', payload: { voltage: 0.022, current: 230 }, not: ['current'] },
  { what: 'percent as a power factor', payload: { power_factor: 95 }, not: ['power_factor'] },
  { what: 'Ws of a moment as a counter', payload: { Ws: 12.3 }, not: 'all' },
  { what: 'a counter without a unit', payload: { consumption: 1234 }, not: 'all' },
  { what: 'a counter on a plain topic', payload: '12345', topic: 'plug/sensor/energy/state', not: 'all' },
  { what: 'today’s energy as the counter', payload: { energy_today: 1.2, energy_month: 30 }, not: 'all' },
  { what: 'exported energy as consumed', payload: { energy_export: 5, energy_returned: 5 }, not: 'all' },
  { what: 'reactive energy as energy', payload: { reactive_energy: 12, energy: { reactive: 3 } }, not: 'all' },
  {
    what: 'energy since the last message as a counter',
    payload: { ENERGY: { Period: 217, Voltage: 230 } },
    not: ['energy'],
  },
  { what: 'tariffs as phases or outlets', payload: { energy_t1: 100, energy_t2: 50 }, not: 'all' },
  { what: 'outlets added up', payload: { SPM: { ActivePower: [5, 7], Voltage: [230, 230] } }, not: 'all' },
  { what: 'the first of several outlets', payload: STRIP, not: 'all' },
  {
    what: 'another outlet',
    payload: { method: 'NotifyStatus', src: 'x', params: { 'switch:1': { apower: 7 } } },
    config: { channel: 0 },
    not: 'all',
  },
  {
    what: 'a device’s total for one of its outlets',
    payload: { ENERGY: { Power: 120, Voltage: 230, Total: 5 } },
    config: { channel: 3 },
    not: ['active_power', 'energy'],
  },
  { what: 'voltages between phases', payload: { voltage_ab: 400, voltage_bc: 401, voltage_ca: 399 }, not: 'all' },
  { what: 'a value that the device calls bad', payload: { name: 'voltage', value: 230, quality: 'bad' }, not: 'all' },
  {
    what: 'a meter that has not measured',
    payload: { relays: [], meters: [{ power: 5, is_valid: false }] },
    not: 'all',
  },
  { what: 'a meter with an error', payload: { emeter: { get_realtime: { err_code: -1, power_mw: 5 } } }, not: 'all' },
  { what: 'NaN and words for nothing', payload: { voltage: 'NaN', current: 'unavailable', power: null }, not: 'all' },
  { what: 'nan in text', payload: 'nan', topic: 'x/sensor/voltage/state', not: 'all' },
  { what: 'unavailable', payload: 'unavailable', topic: 'x/sensor/voltage/state', not: 'all' },
  { what: 'a number that nothing names', payload: '230.4', topic: 'ward/socket1', not: 'all' },
  { what: 'a ward’s name as a quantity', payload: '230.4', topic: 'hospital/power/socket1', not: 'all' },
  { what: 'a setting’s topic as a value', payload: '3680', topic: 'plug/sensor/max_power/state', not: 'all' },
  { what: 'a door as a relay', payload: 'ON', topic: 'plug/binary_sensor/door/state', not: 'all' },
  { what: 'columns without names', payload: '4,1170,1174,240.34', not: 'all' },
  { what: 'a thousands separator as a decimal sign', payload: { power: '1,234' }, not: 'all' },
  { what: 'data points of another product', payload: { dps: { '18': 987, '19': 9_000_000, '20': 12 } }, not: 'all' },
  { what: 'two values for one measurement', payload: { a: { power: 10 }, b: { power: 20 } }, not: 'all' },
  { what: 'the current that may be “now”', payload: { voltage: { current: 230 } }, not: 'all' },
  {
    what: 'readings of several moments',
    payload: [
      { ts: 1_795_424_000, power: 1 },
      { ts: 1_795_424_060, power: 2 },
    ],
    not: 'all',
  },
  { what: 'milliamperes in capitals as amperes', payload: '12 MA', topic: 'x/sensor/current/state', not: 'all' },
  { what: 'milliamperes on a topic in capitals as amperes', payload: '12', topic: 'X/SENSOR/CURRENT_MA', not: 'all' },
  { what: 'a number in MA that nothing names', payload: '12 MA', topic: 'ward/socket1', not: 'all' },
  {
    what: 'a key that may be megaampere or milliampere',
    payload: { MA: 12, relay: true },
    not: ['current', 'ambiguous'],
  },
  { what: 'a radio frequency with its unit', payload: { frequency: { value: 50, unit: 'MHz' } }, not: 'all' },
  { what: 'milliwatts in capitals as megawatts', payload: { METER: { POWER_MW: 5 } }, not: 'all' },
  { what: 'megawatts in camel case as milliwatts', payload: { meter: { powerMw: 5 } }, not: 'all' },
  { what: 'a unit in capitals left out', payload: { data: { name: 'METER1.MA_CURRENT', value: 12 } }, not: 'all' },
  { what: 'a broken sensor', payload: { temperature: -127 }, not: ['temperature'] },
]

test.each(cases)('must not take $what', ({ payload, not, topic = 'ward/socket1', config = null, specifications }) => {
  const numbers = numbersOf(payload, topic, config, specifications)
  if (not === 'all') expect(numbers).toEqual([])
  else for (const name of not) expect(numbers).not.toContain(name)
})

test('the letter v beside u is no second voltage', () => {
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  const result = decoder.decode(Buffer.from('{"v":2,"u":230.1,"i":0.5,"p":100}'), { topic: 't', receivedAt })
  expect(result).toMatchObject({ reading: { measurements: { voltage: 230.1, current: 0.5, active_power: 100 } } })
})

test('phases have no total of voltage or current, and a part of them none of power', () => {
  const measured = (payload: object) => {
    const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
    const result = decoder.decode(Buffer.from(JSON.stringify(payload)), { topic: 't', receivedAt })
    return result.ok === true ? [result.reading.measurements, Object.keys(result.reading.phases ?? {})] : result
  }
  expect(measured({ power_a: 10, power_b: 20 })).toEqual([{}, ['l1', 'l2']])
  const phases = { voltage_a: 230, voltage_b: 231, voltage_c: 232, current_a: 1, current_b: 2, current_c: 3 }
  expect(measured(phases)).toEqual([{}, ['l1', 'l2', 'l3']])
  expect(measured({ ...phases, power_a: 1, power_b: 2, power_c: null })).toEqual([{}, ['l1', 'l2', 'l3']])
  expect(measured({ ...phases, power_a: 1, power_b: 2, power_c: 3 })).toEqual([{ active_power: 6 }, ['l1', 'l2', 'l3']])
})
