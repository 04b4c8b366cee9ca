import { noise } from './noise.ts'

export type MachineState = 'off' | 'standby' | 'in-use' | 'charging'

/** What a device draws in one second of a day, before the differences between two devices of a kind. */
export interface Draw {
  /** W */
  readonly watts: number
  readonly state: MachineState
}

/** A kind of medical device and its day. Figures are those of data sheets and plug meters, rounded. */
export interface DeviceProfile {
  readonly type: string
  readonly name: string
  readonly manufacturer: string
  readonly model: string
  /** Active / apparent power while it draws much; small switching supplies have a poor one. */
  readonly powerFactor: number
  /** The draw in second 0 to 86,399 of its day. */
  readonly draw: (second: number) => Draw
}

const HOUR = 3_600
const MINUTE = 60

/** Watts of a battery charger: constant current first, then an exponential tail towards its float charge. */
function charging(since: number, peak: number, constant: number, tail: number): number {
  return since < constant ? peak : peak * Math.exp(-(since - constant) / tail)
}

/** Small steps around a value: what a regulator does from second to second. */
const jitter = (kind: number, second: number, watts: number) => (noise(kind, second) - 0.5) * watts

const ventilator: DeviceProfile = {
  type: 'ventilator',
  name: 'Ventilator',
  manufacturer: 'Example Respiratory',
  model: 'V-500',
  powerFactor: 0.93,
  draw(second) {
    // 15 breaths a minute; the built-in compressor refills its tank every six minutes.
    const inspiring = second % 4 < 1.4
    const compressor = second % (6 * MINUTE) < 35 ? 165 : 0
    return { watts: 58 + (inspiring ? 24 : 0) + compressor + jitter(1, second, 4), state: 'in-use' }
  },
}

const infusionPump: DeviceProfile = {
  type: 'infusion-pump',
  name: 'Infusion pump',
  manufacturer: 'Example Infusion',
  model: 'IP-7',
  powerFactor: 0.62,
  draw(second) {
    // Back from a transport at 7:00 and at 19:00 with an empty battery.
    const sinceTransport = (second + 5 * HOUR) % (12 * HOUR)
    if (sinceTransport < 3 * HOUR) {
      return {
        watts: 5 + charging(sinceTransport, 23, 40 * MINUTE, 30 * MINUTE) + jitter(2, second, 0.6),
        state: 'charging',
      }
    }
    const infusing = second % (2 * HOUR) < 100 * MINUTE
    const step = infusing && second % 12 === 0 ? 4 : 0
    return { watts: (infusing ? 9 : 4.5) + step + jitter(2, second, 0.5), state: infusing ? 'in-use' : 'standby' }
  },
}

const patientMonitor: DeviceProfile = {
  type: 'patient-monitor',
  name: 'Patient monitor',
  manufacturer: 'Example Monitoring',
  model: 'PM-12',
  powerFactor: 0.95,
  draw(second) {
    // The cuff is pumped up every 15 minutes.
    const pump = second % (15 * MINUTE) < 28 ? 13 : 0
    return { watts: 39 + pump + jitter(3, second, 2), state: 'in-use' }
  },
}

const ultrasound: DeviceProfile = {
  type: 'ultrasound',
  name: 'Ultrasound scanner',
  manufacturer: 'Example Imaging',
  model: 'US-E',
  powerFactor: 0.97,
  draw(second) {
    const working = second >= 7 * HOUR && second < 19 * HOUR
    if (!working) return { watts: 2.1 + jitter(4, second, 0.2), state: 'off' }
    const within = second % (25 * MINUTE)
    if (within >= 14 * MINUTE) return { watts: 86 + jitter(4, second, 5), state: 'standby' }
    // Bursts while the probe scans, less on a frozen picture.
    const frozen = within % 75 > 55
    return { watts: (frozen ? 215 : 345) + jitter(4, second, 28), state: 'in-use' }
  },
}

const defibrillator: DeviceProfile = {
  type: 'defibrillator',
  name: 'Defibrillator charger',
  manufacturer: 'Example Cardiac',
  model: 'D-360',
  powerFactor: 0.71,
  draw(second) {
    // Charges its capacitor for the self-test at 3:00, and its battery afterwards.
    const sinceTest = (second - 3 * HOUR + 24 * HOUR) % (24 * HOUR)
    if (sinceTest < 8) return { watts: 260 + jitter(5, second, 10), state: 'charging' }
    const recharge = sinceTest < 4 * HOUR ? charging(sinceTest, 48, 25 * MINUTE, 35 * MINUTE) : 0
    return { watts: 6.5 + recharge + jitter(5, second, 0.4), state: recharge > 3 ? 'charging' : 'standby' }
  },
}

const analyser: DeviceProfile = {
  type: 'analyser',
  name: 'Blood analyser',
  manufacturer: 'Example Laboratory',
  model: 'LA-80',
  powerFactor: 0.98,
  draw(second) {
    // A thermostat of 90 s holds the reagents warm; a run turns pumps and carousel.
    const heater = second % 90 < 34 ? 290 : 0
    const running = second % (20 * MINUTE) < 11 * MINUTE
    const motors = running ? 105 + (second % 6 < 2 ? 60 : 0) : 0
    return { watts: 74 + heater + motors + jitter(6, second, 6), state: running ? 'in-use' : 'standby' }
  },
}

const bloodRefrigerator: DeviceProfile = {
  type: 'blood-refrigerator',
  name: 'Blood refrigerator',
  manufacturer: 'Example Cooling',
  model: 'BR-120',
  powerFactor: 0.79,
  draw(second) {
    const within = second % (22 * MINUTE)
    if (within >= 9 * MINUTE) return { watts: 7 + jitter(7, second, 0.5), state: 'standby' }
    // The compressor starts against its pressure, then settles.
    return {
      watts: 142 + 330 * Math.exp(-within / 1.2) + 25 * Math.exp(-within / 90) + jitter(7, second, 4),
      state: 'in-use',
    }
  },
}

export const DEVICE_PROFILES: readonly DeviceProfile[] = [
  ventilator,
  infusionPump,
  patientMonitor,
  ultrasound,
  defibrillator,
  analyser,
  bloodRefrigerator,
]

/** @throws Error for a type that is none. */
export function profileOf(type: string): DeviceProfile {
  const found = DEVICE_PROFILES.find((profile) => profile.type === type)
  if (!found) throw new Error(`no device profile "${type}"`)
  return found
}
