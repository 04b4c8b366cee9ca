import { parseInstant } from '@iomt/contracts/instant'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'

/** All of a telemetry message but the payload. */
export type ReadingMessage = Omit<TelemetryMessage, 'raw'>

/** A telemetry message with its times parsed once, and its payload not at all. */
export interface Reading {
  readonly message: ReadingMessage
  /** The payload in JSON. */
  readonly rawJson: string
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly measuredAt: number
}

export function toReading(message: ReadingMessage, rawJson: string): Reading {
  return {
    message,
    rawJson,
    receivedAt: parseInstant(message.received_at),
    measuredAt: parseInstant(message.measured_at),
  }
}
