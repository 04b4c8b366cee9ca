import { NUMERIC_MEASUREMENTS } from '@iomt/contracts/measurements'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

const WIDTH = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export type RollupUnit = keyof typeof WIDTH

/** What a rollup table has to hold, straight from the readings; rows by `socket bucket device`. */
export type ModelRow = Record<string, number | boolean | string | null>

/** The rollups of readings as the contract says, computed without SQL and without finer rollups. */
export function modelRollups(messages: readonly TelemetryMessage[], unit: RollupUnit): Map<string, ModelRow> {
  const groups = new Map<string, TelemetryMessage[]>()
  /** Steps of the counter between two readings of the socket, by the row of the later one. */
  const steps = new Map<string, Steps>()
  const counted = new Map<string, TelemetryMessage>()
  for (const message of messages.toSorted(byTime)) {
    if (message.retained && message.measured_at_source === 'received') continue
    const at = Date.parse(message.measured_at)
    const bucket = new Date(Math.floor(at / WIDTH[unit]) * WIDTH[unit]).toISOString()
    const key = rollupKey(message.socket_id, bucket, message.device_id)
    groups.set(key, [...(groups.get(key) ?? []), message])
    const { energy } = message.measurements
    if (energy === undefined) continue
    const place = `${message.socket_id} ${bucket}`
    const before = counted.get(place)
    counted.set(place, message)
    const sum = steps.get(key) ?? { own: 0, handedOver: null }
    steps.set(key, sum)
    if (!before) continue
    const consumed = step(energy, before.measurements.energy)
    if (before.device_id === message.device_id) sum.own += consumed
    else sum.handedOver = (sum.handedOver ?? 0) + consumed
  }
  return new Map([...groups].map(([key, group]) => [key, modelRow(group, steps.get(key))]))
}

interface Steps {
  own: number
  /** Null: none. */
  handedOver: number | null
}

const byTime = (left: TelemetryMessage, right: TelemetryMessage) =>
  Date.parse(left.measured_at) - Date.parse(right.measured_at) || (left.id < right.id ? -1 : 1)

export function rollupKey(socketId: unknown, bucket: string, deviceId: unknown): string {
  return `${socketId} ${bucket} ${deviceId}`
}

function modelRow(sorted: readonly TelemetryMessage[], steps: Steps | undefined): ModelRow {
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
    row['energy_delta'] = steps?.own ?? null
    row['energy_handover'] = steps?.handedOver ?? null
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
