import { isUuid } from '@iomt/contracts/formats'
import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { dayOf, isPlausibleDay } from '../partitions/day.ts'
import { type Reading, toReading } from '../store/reading.ts'
import { createCheck, type Decoded, parsed, textOf } from './decode.ts'
import { createKnownPlaces, endOfPlace } from './known-places.ts'
import { createOwnPartReader } from './own-part.ts'
import { rawFrom } from './split-raw.ts'

/** How the gateway begins a message: the id, then what names the socket, then what is of this reading alone. */
const BEFORE_ID = '{"v":1,"id":"'
const AFTER_ID = '",'
const ID_END = BEFORE_ID.length + 36
const PLACE_START = ID_END + AFTER_ID.length

/** Reads a telemetry message; one whose day no partition should be made for is refused like any broken one. */
export function createTelemetryDecoder(): (data: Uint8Array) => Decoded<Reading> {
  const readAsWritten = createReaderOfOurs()
  const readAny = createReaderOfAny()
  return (data) => {
    const text = textOf(data)
    const reading = readAsWritten(text)
    const decoded = reading === null ? readAny(text) : { value: reading }
    if ('violation' in decoded || isPlausibleDay(dayOf(decoded.value.receivedAt))) return decoded
    const receivedAt = new Date(decoded.value.receivedAt).toISOString()
    return { violation: `/received_at: ${receivedAt} is not in the years 2000 to 2099` }
  }
}

/** Reads a message in any form that is as the contract says. */
export function createReaderOfAny(): (text: string) => Decoded<Reading> {
  const check = createCheck(TelemetryMessage)
  return (text) => {
    const value = parsed(text)
    if (value === undefined) return { violation: 'not JSON' }
    const checked = check(value)
    if ('violation' in checked) return checked
    const { raw, ...message } = checked.value
    return { value: toReading(message, JSON.stringify(raw)) }
  }
}

/**
 * Reads a message in the very form in which the gateway writes it, and answers null for any other, which may be as good. Of such a
 * one only the measurements have to be parsed: the payload, a third, would only be written as JSON again, and what names the
 * socket is known.
 */
export function createReaderOfOurs(): (text: string) => Reading | null {
  const placeAt = createKnownPlaces()
  const ownPartAt = createOwnPartReader()
  return (text) => {
    if (!text.startsWith(BEFORE_ID) || !text.startsWith(AFTER_ID, ID_END)) return null
    const id = text.slice(BEFORE_ID.length, ID_END)
    const place = isUuid(id) ? placeAt(text, PLACE_START) : null
    const own = place && ownPartAt(text, endOfPlace(place, PLACE_START))
    const rawJson = own && rawFrom(text, own.end)
    if (place === null || own === null || rawJson === null) return null
    // The fields in the order of `toReading`: then both make objects of the same shape.
    return {
      id,
      socketId: place.socketId,
      deviceId: place.deviceId,
      receivedAt: own.receivedAt,
      measuredAt: own.measuredAt,
      measuredAtSource: own.measuredAtSource,
      retained: own.retained,
      qos: own.qos,
      redelivered: own.redelivered,
      measurements: own.measurements,
      phases: own.phases,
      extra: own.extra,
      quality: own.quality,
      decoder: own.decoder,
      rawJson,
    }
  }
}
