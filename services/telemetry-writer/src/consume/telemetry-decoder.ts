import { compileSchema } from '@iomt/contracts/compile-schema'
import { isUuid } from '@iomt/contracts/formats'
import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { Type } from '@sinclair/typebox'
import { dayOf, isPlausibleDay } from '../partitions/day.ts'
import { type Reading, type ReadingMessage, toReading } from '../store/reading.ts'
import { createCheck, type Decoded, parsed, textOf } from './decode.ts'
import { createKnownPlaces, endOfPlace, PLACE_FIELDS } from './known-places.ts'
import { splitRaw } from './split-raw.ts'

/** How the gateway begins a message: the id, then what names the socket, then what is of this reading alone. */
const BEFORE_ID = '{"v":1,"id":"'
const AFTER_ID = '",'
const ID_END = BEFORE_ID.length + 36
const PLACE_START = ID_END + AFTER_ID.length

/** Reads a telemetry message; one whose day no partition should be made for is refused like any broken one. */
export function createTelemetryDecoder(): (data: Uint8Array) => Decoded<Reading> {
  const readAsWritten = createReaderOfOurs()
  const check = createCheck(TelemetryMessage)

  function readAny(text: string): Decoded<Reading> {
    const value = parsed(text)
    if (value === undefined) return { violation: 'not JSON' }
    const checked = check(value)
    if ('violation' in checked) return checked
    const { raw, ...message } = checked.value
    return { value: toReading(message, JSON.stringify(raw)) }
  }

  return (data) => {
    const text = textOf(data)
    const decoded = readAsWritten(text) ?? readAny(text)
    if ('violation' in decoded || isPlausibleDay(dayOf(decoded.value.receivedAt))) return decoded
    return { violation: `/received_at: ${decoded.value.message.received_at} is not in the years 2000 to 2099` }
  }
}

/**
 * Reads a message in the very form in which the gateway writes it, and answers null for any other, which may be as good. Of such a
 * one only a third has to be parsed: the payload, another third, would only be written as JSON again, and what names the
 * socket is known.
 */
function createReaderOfOurs(): (text: string) => { readonly value: Reading } | null {
  const placeAt = createKnownPlaces()
  const own = compileSchema(Type.Omit(TelemetryMessage, ['v', 'id', ...PLACE_FIELDS, 'raw']))
  return (text) => {
    if (!text.startsWith(BEFORE_ID) || !text.startsWith(AFTER_ID, ID_END)) return null
    const id = text.slice(BEFORE_ID.length, ID_END)
    const known = isUuid(id) ? placeAt(text, PLACE_START) : null
    if (known === null) return null
    const ownStart = endOfPlace(known, PLACE_START)
    const parts = splitRaw(text, ownStart)
    const rest = parts && parsed(`{${text.slice(ownStart + 1, parts.restEnd)}}`)
    if (parts === null || !own.check(rest)) return null
    const message: ReadingMessage = { v: 1, id, ...known.place, ...rest }
    return { value: toReading(message, parts.rawJson) }
  }
}
