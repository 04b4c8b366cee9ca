import { compileMessage } from '@iomt/contracts/compile-message'
import { compileSchema } from '@iomt/contracts/compile-schema'
import type { MeasurementName, Measurements } from '@iomt/contracts/measurements'
import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { telemetryEvent } from './server-sent-event.ts'

/** A reading on its way to clients. */
export interface StreamReading {
  readonly sequence: number
  readonly message: TelemetryMessage
  /** Bytes that it holds in memory while it is kept, about. */
  readonly size: number
  /** The event as it goes to clients with this list of measurements (null: all); made once for all of them. */
  event(measurements: readonly MeasurementName[] | null): Buffer
}

/** Bytes of a parsed message of a socket, beside the text that came and the text that goes out. */
const OVERHEAD = 2_048

/** Reads what the stream holds; null for what does not fit the contract: that may hold anything, so it goes to nobody. */
export function createReadingReader(): (sequence: number, data: Uint8Array) => StreamReading | null {
  const exact = compileSchema(TelemetryMessage)
  const schema = compileMessage(TelemetryMessage)
  return (sequence, data) => {
    const parsed = parse(data)
    // Nearly every message is of this version, and then goes out as it came.
    const isExact = exact.check(parsed)
    const message = isExact ? parsed : schema.known(parsed)
    if (message === null) return null
    const events = new Map<string, Buffer>()
    return {
      sequence,
      message,
      size: OVERHEAD + 2 * data.byteLength,
      event(measurements) {
        const key = measurements?.join() ?? ''
        let event = events.get(key)
        if (!event) {
          const shown = measurements ? restrict(message, measurements) : message
          event = telemetryEvent(sequence, isExact && shown === message ? data : Buffer.from(JSON.stringify(shown)))
          events.set(key, event)
        }
        return event
      },
    }
  }
}

/** Only `measurements` and `phases` get smaller, so that the message still fits its schema. */
function restrict(message: TelemetryMessage, names: readonly MeasurementName[]): TelemetryMessage {
  const pick = (measurements: Measurements): Measurements =>
    Object.fromEntries(names.flatMap((name) => (measurements[name] === undefined ? [] : [[name, measurements[name]]])))
  const phases = message.phases && Object.entries(message.phases).map(([phase, values]) => [phase, pick(values)])
  return {
    ...message,
    measurements: pick(message.measurements),
    ...(phases ? { phases: Object.fromEntries(phases) } : {}),
  }
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'))
  } catch {
    return null
  }
}
