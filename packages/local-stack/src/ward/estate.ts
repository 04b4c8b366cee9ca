import { seedOf } from './noise.ts'
import type { ClockForm } from './payload.ts'

/** The hospital that the ward simulates. */
export interface EstatePdu {
  readonly code: string
  readonly name: string
  readonly department: string
  readonly baseTopic: string
  readonly timezone: string
  readonly clock: ClockForm
  readonly sockets: readonly EstateSocket[]
}

export interface EstateSocket {
  readonly number: number
  /** `socket1` */
  readonly suffix: string
  /** Type of the device on it; null: nothing is plugged in. */
  readonly deviceType: string | null
  readonly assetTag: string
  readonly seed: number
}

export const ORGANIZATION = { code: 'hopt', name: 'Hospital' } as const

export const DEPARTMENTS: readonly {
  readonly code: string
  readonly name: string
  readonly devices: readonly string[]
}[] = [
  {
    code: 'icu',
    name: 'Intensive care',
    devices: ['ventilator', 'infusion-pump', 'patient-monitor', 'infusion-pump', 'ventilator', 'patient-monitor'],
  },
  { code: 'or', name: 'Operating theatre', devices: ['patient-monitor', 'ventilator', 'infusion-pump', 'ultrasound'] },
  { code: 'er', name: 'Emergency', devices: ['defibrillator', 'patient-monitor', 'ultrasound', 'infusion-pump'] },
  { code: 'lab', name: 'Laboratory', devices: ['analyser', 'blood-refrigerator', 'analyser'] },
]

/**
 * The first PDU is the specification's own: base topic `hopt/tang3/pkt`, clock in the field's form. Departments take turns;
 * the last socket of every second PDU stays empty, as in any ward.
 */
export function makeEstate(pdus: number, socketsPerPdu: number): EstatePdu[] {
  return Array.from({ length: pdus }, (_, index) => {
    const department = DEPARTMENTS[index % DEPARTMENTS.length] as (typeof DEPARTMENTS)[number]
    const round = Math.floor(index / DEPARTMENTS.length) + 1
    const code = index === 0 ? 'tang3' : `${department.code}-${round}`
    return {
      code,
      name: index === 0 ? 'Floor 3, intensive care' : `${department.name} ${round}`,
      department: department.code,
      baseTopic: index === 0 ? 'hopt/tang3/pkt' : `hopt/${department.code}/pdu${round}`,
      timezone: 'Asia/Ho_Chi_Minh',
      clock: index === 0 ? 'field' : 'iso',
      sockets: Array.from({ length: socketsPerPdu }, (_, position): EstateSocket => {
        const number = position + 1
        const empty = index % 2 === 1 && number === socketsPerPdu && socketsPerPdu > 1
        const deviceType = department.devices[position % department.devices.length] as string
        return {
          number,
          suffix: `socket${number}`,
          deviceType: empty ? null : deviceType,
          assetTag: `SIM-${code}-${number}`.toUpperCase(),
          seed: seedOf(`${code}/${number}`),
        }
      }),
    }
  })
}
