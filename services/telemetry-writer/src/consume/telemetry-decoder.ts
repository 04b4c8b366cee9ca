import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { dayOf, isPlausibleDay } from '../partitions/day.ts'
import { type Reading, toReading } from '../store/reading.ts'
import { createDecoder, type Decoded } from './decode.ts'

/** Reads a telemetry message; one whose day no partition should be made for is refused like any broken one. */
export function createTelemetryDecoder(): (data: Uint8Array) => Decoded<Reading> {
  const decode = createDecoder(TelemetryMessage)
  return (data) => {
    const decoded = decode(data)
    if ('violation' in decoded) return decoded
    const reading = toReading(decoded.value)
    if (!isPlausibleDay(dayOf(reading.receivedAt))) {
      return { violation: `/received_at: ${decoded.value.received_at} is not in the years 2000 to 2099` }
    }
    return { value: reading }
  }
}
