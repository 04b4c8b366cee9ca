import type { DeviceProfile, Draw, MachineState } from './device-profiles.ts'
import { noise } from './noise.ts'

const DAY = 86_400
/** Counters of all simulated sockets stood at zero then. */
const COMMISSIONED = Date.UTC(2026, 0, 1) / 1_000
const JOULES_PER_KWH = 3_600_000

/** What a socket measures, physically consistent: S² = P² + Q², P = V · I · power factor, energy = the integral of P. */
export interface SocketReading {
  readonly voltage: number
  readonly current: number
  readonly active_power: number
  readonly apparent_power: number
  readonly reactive_power: number
  readonly power_factor: number
  readonly frequency: number
  /** kWh since the socket was commissioned. */
  readonly energy: number
  readonly state: MachineState
}

/**
 * The load of one kind of device as a function of time alone: the same time and seed give the same reading in every run,
 * so a restarted ward goes on where it would have been, its energy counters too.
 *
 * @param seed tells devices of one kind apart: they run at other times of day and draw up to 8 % more or less.
 */
export type LoadCurve = (milliseconds: number, seed: number) => SocketReading

/** Makes the curve of a profile; one table of a day (86,400 numbers) serves all its devices. Null: nothing plugged in. */
export function createLoadCurve(profile: DeviceProfile | null): LoadCurve {
  const table = profile ? integrate(profile) : null
  return (milliseconds, seed) => {
    const time = milliseconds / 1_000
    const voltage = mainsVoltage(time, seed)
    const frequency = 50 + 0.02 * Math.sin(time / 97) + 0.01 * (noise(50, Math.floor(time)) - 0.5)
    if (!profile || !table) return { voltage, frequency, ...NO_LOAD }

    const gain = 0.92 + 0.16 * noise(seed, 1)
    const shifted = time + Math.floor(noise(seed, 2) * DAY)
    const second = ((Math.floor(shifted) % DAY) + DAY) % DAY
    const { watts, state } = drawOf(profile, second)
    const active = gain * watts
    const factor = powerFactorAt(profile, watts)
    const apparent = active / factor
    // The cable's drop: 0.4 ohm from the transformer to the socket.
    const loaded = voltage - 0.4 * (apparent / voltage)
    return {
      voltage: loaded,
      current: apparent / loaded,
      active_power: active,
      apparent_power: apparent,
      reactive_power: Math.sqrt(apparent ** 2 - active ** 2),
      power_factor: factor,
      frequency,
      energy: (gain * (energyAt(table, shifted) - energyAt(table, COMMISSIONED + shifted - time))) / JOULES_PER_KWH,
      state,
    }
  }
}

const NO_LOAD = {
  current: 0,
  active_power: 0,
  apparent_power: 0,
  reactive_power: 0,
  power_factor: 0,
  energy: 0,
  state: 'off',
} as const

function drawOf(profile: DeviceProfile, second: number): Draw {
  const { watts, state } = profile.draw(second)
  return { watts: Math.max(0.5, watts), state }
}

/** Joules from midnight to the beginning of each second; the last entry is the whole day. */
function integrate(profile: DeviceProfile): Float64Array {
  const table = new Float64Array(DAY + 1)
  for (let second = 0; second < DAY; second += 1) {
    table[second + 1] = (table[second] as number) + drawOf(profile, second).watts
  }
  return table
}

/** Joules since the epoch of the table: whole days, whole seconds, and the part of the second under way. */
function energyAt(table: Float64Array, time: number): number {
  const days = Math.floor(time / DAY)
  const within = time - days * DAY
  const second = Math.floor(within)
  const before = table[second] as number
  const watts = (table[second + 1] as number) - before
  return days * (table[DAY] as number) + before + watts * (within - second)
}

/** Switching supplies are worse at light load: at 10 W half of what is missing to 1 comes on top. */
function powerFactorAt(profile: DeviceProfile, watts: number): number {
  return Math.max(0.35, profile.powerFactor - (1 - profile.powerFactor) * 0.5 * Math.exp(-watts / 20))
}

/** 220 V, lower in the evening, with slow drift and small steps of its own at every socket. */
function mainsVoltage(time: number, seed: number): number {
  const daily = -2.5 * Math.sin((2 * Math.PI * (time % DAY)) / DAY)
  return 221.5 + daily + 1.2 * Math.sin(time / 311) + 0.8 * (noise(seed, Math.floor(time)) - 0.5)
}
