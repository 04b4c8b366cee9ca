import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { dayOf, isPlausibleDay } from '../partitions/day.ts'
import { type Reading, toReading } from '../store/reading.ts'
import { createCheck, type Decoded, parsed, textOf } from './decode.ts'
import { splitRaw } from './split-raw.ts'

/** Reads a telemetry message; one whose day no partition should be made for is refused like any broken one. */
export function createTelemetryDecoder(): (data: Uint8Array) => Decoded<Reading> {
  const check = createCheck(TelemetryMessage)
  return (data) => {
    const { value, rawJson } = parseMessage(textOf(data))
    if (value === undefined) return { violation: 'not JSON' }
    const decoded = check(value)
    if ('violation' in decoded) return decoded
    const reading = toReading(decoded.value, rawJson ?? JSON.stringify(decoded.value.raw))
    if (!isPlausibleDay(dayOf(reading.receivedAt))) {
      return { violation: `/received_at: ${decoded.value.received_at} is not in the years 2000 to 2099` }
    }
    return { value: reading }
  }
}

/** `rawJson` where the payload was left out of parsing: a third of the message, which would only be written as JSON again. */
function parseMessage(text: string): { readonly value: unknown; readonly rawJson: string | null } {
  const parts = splitRaw(text)
  const rest = parts === null ? undefined : parsed(parts.rest)
  if (parts === null || typeof rest !== 'object' || rest === null) return { value: parsed(text), rawJson: null }
  return { value: Object.assign(rest, { raw: null }), rawJson: parts.rawJson }
}
