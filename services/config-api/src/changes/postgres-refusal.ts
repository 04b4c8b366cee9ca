import pg from 'pg'
import { Refusal } from './refusal.ts'

const UNIQUE_VIOLATION = '23505'
const FOREIGN_KEY_VIOLATION = '23503'

/** By unique constraint: what the client chose that somebody has. */
const TAKEN: Record<string, () => Refusal> = {
  organizations_code_key: () => codeTaken('another organization'),
  departments_organization_id_code_key: () => codeTaken('another department of the organization'),
  power_distribution_units_code: () => codeTaken('another PDU of the department'),
  devices_asset_tag: () =>
    new Refusal('asset-tag-taken', 'Another device of the organization has this asset tag.', [
      { pointer: '/asset_tag', detail: 'is taken' },
    ]),
  sockets_pdu_id_socket_number_key: () =>
    new Refusal('socket-number-taken', 'The PDU has a socket with this number; choose another one.', [
      { pointer: '/socket_number', detail: 'is taken' },
    ]),
  sockets_device_id_key: () => deviceTaken(),
  payload_profiles_organization_id_name_key: () =>
    new Refusal('name-taken', 'Another payload profile of the organization has this name; choose another one.', [
      { pointer: '/name', detail: 'is taken' },
    ]),
}

/**
 * The refusal that a constraint stands for, or null for any other error. Constraints decide, not reads before the write:
 * between a read and the write another request may take the code, the number or the device.
 */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof pg.DatabaseError)) return null
  if (error.code === UNIQUE_VIOLATION) return TAKEN[error.constraint ?? '']?.() ?? null
  if (error.code === FOREIGN_KEY_VIOLATION) {
    return new Refusal('in-use', 'Something it refers to, or that refers to it, changed in the same moment; try again.')
  }
  return null
}

export function deviceTaken(): Refusal {
  return new Refusal('device-taken', 'The device is on another socket; unassign it there first.', [
    { pointer: '/device_id', detail: 'is on another socket' },
  ])
}

function codeTaken(by: string): Refusal {
  return new Refusal('code-taken', `The code belongs to ${by}; choose another one.`, [
    { pointer: '/code', detail: 'is taken' },
  ])
}
