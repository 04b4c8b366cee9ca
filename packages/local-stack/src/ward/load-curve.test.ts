import { expect, test } from 'vitest'
import { DEVICE_PROFILES, profileOf } from './device-profiles.ts'
import { createLoadCurve, type SocketReading } from './load-curve.ts'

const DAY_START = Date.UTC(2026, 10, 23)
const seconds = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => DAY_START + (from + index) * 1_000)

test.each(DEVICE_PROFILES.map((profile) => [profile.type, profile] as const))(
  '%s is physically consistent',
  (_, profile) => {
    const curve = createLoadCurve(profile)
    for (const time of seconds(2_000).map((at, index) => at + index * 41_000)) {
      const reading = curve(time, 7)
      const { voltage, current, active_power, apparent_power, reactive_power, power_factor, frequency } = reading
      expect(active_power).toBeGreaterThan(0)
      expect(apparent_power ** 2).toBeCloseTo(active_power ** 2 + reactive_power ** 2, 6)
      expect(active_power).toBeCloseTo(voltage * current * power_factor, 6)
      expect(power_factor).toBeGreaterThan(0.3)
      expect(power_factor).toBeLessThanOrEqual(1)
      expect(voltage).toBeGreaterThan(205)
      expect(voltage).toBeLessThan(235)
      expect(Math.abs(frequency - 50)).toBeLessThan(0.1)
    }
  },
)

test.each(DEVICE_PROFILES.map((profile) => [profile.type, profile] as const))(
  '%s: energy is the integral of power',
  (_, profile) => {
    const curve = createLoadCurve(profile)
    let joules = 0
    let before: SocketReading | undefined
    const first = curve(DAY_START, 3)
    // Across midnight of the device's own day, wherever the seed has put it.
    for (const time of seconds(86_400)) {
      const reading = curve(time, 3)
      if (before) expect(reading.energy).toBeGreaterThanOrEqual(before.energy)
      before = reading
      joules += reading.active_power
    }
    const grown = curve(DAY_START + 86_400_000, 3).energy - first.energy
    expect(grown).toBeCloseTo(joules / 3_600_000, 6)
    expect(first.energy).toBeGreaterThan(0)
  },
)

test('the same time and seed give the same reading, another seed another one', () => {
  const [first, second] = [createLoadCurve(profileOf('ventilator')), createLoadCurve(profileOf('ventilator'))]
  expect(first(DAY_START, 1)).toEqual(second(DAY_START, 1))
  expect(first(DAY_START, 1)).not.toEqual(first(DAY_START, 2))
})

test('a battery charges with an exponential tail', () => {
  const draw = profileOf('infusion-pump').draw
  const at = (minute: number) => draw(7 * 3_600 + minute * 60 + 1).watts - 5
  expect(at(5)).toBeGreaterThan(20)
  // One time constant of 30 minutes apart: a factor of e.
  expect(at(60) / at(90)).toBeGreaterThan(2.2)
  expect(at(60) / at(90)).toBeLessThan(3.3)
})

test('a compressor cycles, and a socket without a device measures its voltage alone', () => {
  const watts = Array.from({ length: 1_320 }, (_, second) => profileOf('blood-refrigerator').draw(second).watts)
  expect(watts.filter((value) => value > 100)).toHaveLength(540)
  expect(Math.max(...watts)).toBe(watts[0])
  expect(createLoadCurve(null)(DAY_START, 1)).toMatchObject({ current: 0, active_power: 0, energy: 0, state: 'off' })
})
