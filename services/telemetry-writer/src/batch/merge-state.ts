import { MEASUREMENT_NAMES, type MeasurementName, type Measurements } from '@iomt/contracts/measurements'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

/** A row of `device_current_state`; times are milliseconds since 1970. Null: never measured. */
export interface DeviceState {
  readonly device_id: string
  readonly socket_id: string
  readonly measurements: Readonly<Measurements>
  readonly phases: Readonly<Record<string, unknown>> | null
  readonly extra: Readonly<Record<string, unknown>> | null
  readonly measured_at: number
  readonly last_seen_at: number
}

/** What the state needs of a reading, with times already parsed. */
export interface StateReading {
  readonly socketId: string
  readonly deviceId: string
  readonly measuredAt: number
  readonly receivedAt: number
  readonly measuredAtSource: TelemetryMessage['measured_at_source']
  readonly retained: boolean
  readonly measurements: Readonly<Measurements>
  /** Null when empty, as `extra` is. */
  readonly phases: Readonly<Record<string, unknown>> | null
  readonly extra: Readonly<Record<string, unknown>> | null
}

/**
 * The state after one more reading. A field that the reading lacks keeps its value; 0 and false are values. An older
 * reading never overwrites: it fills only what no reading has carried yet. Equal clocks count as newer, so that devices
 * with a clock of whole seconds show their last reading.
 */
export function mergeReading(state: DeviceState | null, reading: StateReading): DeviceState {
  const { socketId, deviceId, measuredAt, receivedAt, retained, measurements, phases, extra } = reading
  if (state === null) {
    return {
      device_id: deviceId,
      socket_id: socketId,
      measurements,
      phases,
      extra,
      measured_at: measuredAt,
      last_seen_at: receivedAt,
    }
  }
  // Nobody knows when a snapshot without a clock was measured: it may be weeks old and must not displace a reading.
  if (retained && reading.measuredAtSource === 'received') return state
  // The broker kept it; that it comes now says nothing about the device being alive now.
  const seenAt = retained ? state.last_seen_at : Math.max(state.last_seen_at, receivedAt)

  if (measuredAt < state.measured_at) {
    return {
      ...state,
      measurements: { ...present(measurements), ...present(state.measurements) },
      phases: merged(phases, state.phases),
      extra: merged(extra, state.extra),
      last_seen_at: seenAt,
    }
  }
  return {
    device_id: deviceId,
    socket_id: socketId,
    measurements: { ...present(state.measurements), ...present(measurements) },
    phases: merged(state.phases, phases),
    extra: merged(state.extra, extra),
    measured_at: measuredAt,
    last_seen_at: seenAt,
  }
}

/** The readings of one device in the order of its clock; equal clocks in the order of arrival (the sort is stable). */
export function mergeReadings(state: DeviceState | null, readings: readonly StateReading[]): DeviceState | null {
  let result = state
  for (const reading of byClock(readings)) result = mergeReading(result, reading)
  return result
}

/** What a batch says of one device when none of it can be older than what is stored. */
export interface StateAdvance {
  readonly state: DeviceState
  /** Clock of the earliest reading: only a state that is not newer may be advanced. */
  readonly from: number
}

/**
 * The readings of one device as one change, laid over any state whose `measured_at` is at most `from`: the same as
 * {@link mergeReadings} on such a state. Null when only the state can tell what a reading changes (retained snapshots).
 */
export function advanceOf(readings: readonly StateReading[]): StateAdvance | null {
  const inOrder = byClock(readings)
  const [first, newest] = [inOrder[0], inOrder.at(-1)]
  if (first === undefined || newest === undefined) return null
  if (first.retained) return null
  let { measurements, phases, extra, receivedAt: seenAt } = first
  for (const reading of inOrder.slice(1)) {
    if (reading.retained) return null
    measurements = { ...measurements, ...reading.measurements }
    phases = merged(phases, reading.phases)
    extra = merged(extra, reading.extra)
    if (reading.receivedAt > seenAt) seenAt = reading.receivedAt
  }
  return {
    state: {
      device_id: newest.deviceId,
      socket_id: newest.socketId,
      measurements,
      phases,
      extra,
      measured_at: newest.measuredAt,
      last_seen_at: seenAt,
    },
    from: first.measuredAt,
  }
}

function byClock(readings: readonly StateReading[]): readonly StateReading[] {
  for (let index = 1; index < readings.length; index += 1) {
    const [before, after] = [readings[index - 1] as StateReading, readings[index] as StateReading]
    if (after.measuredAt < before.measuredAt) {
      return readings.toSorted((left, right) => left.measuredAt - right.measuredAt)
    }
  }
  return readings
}

/** Later arguments win, key by key. Spread defines own properties, so a key `__proto__` from JSON stays a plain key. */
function merged(
  below: Readonly<Record<string, unknown>> | null,
  above: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, unknown>> | null {
  if (below === null || above === null) return above ?? below
  return { ...below, ...above }
}

function present(measurements: Readonly<Measurements>): Measurements {
  const result: Partial<Record<MeasurementName, number | boolean>> = {}
  for (const name of MEASUREMENT_NAMES) {
    const value = measurements[name]
    if (value !== undefined && value !== null) result[name] = value
  }
  return result as Measurements
}
