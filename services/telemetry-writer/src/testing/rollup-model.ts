import { NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

const WIDTH = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export type RollupUnit = keyof typeof WIDTH

/** What a rollup table has to hold, straight from the readings; rows by `socket bucket device`. */
export type ModelRow = Record<string, number | boolean | string | null>

/** The rollups of readings as the contract says, computed without SQL and without finer rollups. */
export function modelRollups(messages: readonly TelemetryMessage[], unit: RollupUnit): Map<string, ModelRow> {
  const groups = new Map<string, TelemetryMessage[]>()
  for (const message of messages) {
    if (message.retained && message.measured_at_source === 'received') continue
    const at = Date.parse(message.measured_at)
    const bucket = new Date(Math.floor(at / WIDTH[unit]) * WIDTH[unit]).toISOString()
    const key = rollupKey(message.socket_id, bucket, message.device_id)
    groups.set(key, [...(groups.get(key) ?? []), message])
  }
  return new Map([...groups].map(([key, group]) => [key, modelRow(group)]))
}

export function rollupKey(socketId: unknown, bucket: string, deviceId: unknown): string {
  return `${socketId} ${bucket} ${deviceId}`
}

function modelRow(group: readonly TelemetryMessage[]): ModelRow {
  const sorted = group.toSorted(
    (left, right) => Date.parse(left.measured_at) - Date.parse(right.measured_at) || (left.id < right.id ? -1 : 1),
  )
  const row: ModelRow = {
    readings: sorted.length,
    first_at: sorted[0]?.measured_at ?? null,
    last_at: sorted.at(-1)?.measured_at ?? null,
  }
  for (const name of NUMERIC_MEASUREMENTS) {
    const values = sorted.map(({ measurements }) => measurements[name]).filter((value) => value !== undefined)
    row[`${name}_count`] = values.length
    row[`${name}_min`] = values.length > 0 ? Math.min(...values) : null
    row[`${name}_max`] = values.length > 0 ? Math.max(...values) : null
    row[`${name}_sum`] = values.length > 0 ? sum(values) : null
    row[`${name}_last`] = values.at(-1) ?? null
    if (name !== 'energy') continue
    row['energy_first'] = values[0] ?? null
    row['energy_delta'] =
      values.length > 0 ? sum(values.slice(1).map((value, index) => step(value, values[index]))) : null
  }
  const relays = sorted.map(({ measurements }) => measurements.relay_on).filter((value) => value !== undefined)
  row['relay_on_count'] = relays.length
  row['relay_on_true'] = relays.filter(Boolean).length
  row['relay_on_last'] = relays.at(-1) ?? null
  return row
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
/** A counter that falls was reset: the new value counts in full. */
const step = (value: number, before = 0) => (value < before ? value : value - before)
