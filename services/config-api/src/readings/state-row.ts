import { MEASUREMENT_NAMES } from '@iomt/contracts/measurements'
import { sql } from 'kysely'
import { isoTime, measurementsJson } from './row-json.ts'
import type { TextRow } from './text-rows.ts'

/** What {@link stateJson} reads of `device_current_state as state`, in its order; the device's id comes first. */
export const STATE_COLUMNS = sql.join(
  ['device_id', 'socket_id', 'measured_at', 'last_seen_at', 'updated_at', 'phases', 'extra', ...MEASUREMENT_NAMES].map(
    (name) => sql.ref(`state.${name}`),
  ),
)
const FIRST_MEASUREMENT = 7

/** The JSON text of a `DeviceState`. */
export function stateJson(row: TextRow): string {
  const [device, socket, measured, seen, updated] = row as [string, string, string, string, string]
  const [phases, extra] = row.slice(5)
  return (
    `{"device_id":"${device}","socket_id":"${socket}","measured_at":"${isoTime(measured)}",` +
    `"last_seen_at":"${isoTime(seen)}","updated_at":"${isoTime(updated)}",` +
    `"measurements":${measurementsJson(row, FIRST_MEASUREMENT)},"phases":${phases ?? 'null'},"extra":${extra ?? 'null'}}`
  )
}
