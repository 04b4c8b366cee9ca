import { parseInstant } from '@iomt/contracts/instant'
import { isEmpty } from '@iomt/contracts/is-empty'
import type { Measurements } from '@iomt/contracts/measurements'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

/**
 * What the store uses of a telemetry message. Null for what the message lacks, so that all readings are of one shape: what
 * stores them reads their fields where the engine knows them to be.
 */
export interface Reading {
  readonly id: string
  readonly socketId: string
  /** In lower case: devices are told apart by it. */
  readonly deviceId: string | null
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly measuredAt: number
  readonly measuredAtSource: TelemetryMessage['measured_at_source']
  readonly retained: boolean
  readonly qos: number
  readonly redelivered: boolean
  readonly measurements: Readonly<Measurements>
  /** Null when empty, as `extra` is: an empty object takes more room than no value. */
  readonly phases: Readonly<Record<string, unknown>> | null
  readonly extra: Readonly<Record<string, unknown>> | null
  readonly quality: readonly string[]
  readonly decoder: string
  /** The payload in JSON. */
  readonly rawJson: string
}

export function toReading(message: Omit<TelemetryMessage, 'raw'>, rawJson: string): Reading {
  return {
    id: message.id,
    socketId: message.socket_id,
    deviceId: message.device_id?.toLowerCase() ?? null,
    receivedAt: parseInstant(message.received_at),
    measuredAt: parseInstant(message.measured_at),
    measuredAtSource: message.measured_at_source,
    retained: message.retained,
    qos: message.qos,
    redelivered: message.redelivered ?? false,
    measurements: message.measurements,
    phases: filled(message.phases ?? null),
    extra: filled(message.extra),
    quality: message.quality,
    decoder: message.decoder,
    rawJson,
  }
}

/** Null for an object without fields. */
export function filled(record: Readonly<Record<string, unknown>> | null): Readonly<Record<string, unknown>> | null {
  return record === null || isEmpty(record) ? null : record
}
