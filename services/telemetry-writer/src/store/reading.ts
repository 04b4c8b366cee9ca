import { parseInstant } from '@iomt/contracts/instant'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

/** A telemetry message with its times parsed once. */
export interface Reading {
  readonly message: TelemetryMessage
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly measuredAt: number
}

export function toReading(message: TelemetryMessage): Reading {
  return { message, receivedAt: parseInstant(message.received_at), measuredAt: parseInstant(message.measured_at) }
}
