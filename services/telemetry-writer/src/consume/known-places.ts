import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { Type } from '@sinclair/typebox'
import { createCheck, parsed } from './decode.ts'

/** The fields that name the socket: the same in all its messages until its configuration changes. */
const PLACE_FIELDS = ['socket_id', 'socket_number', 'pdu_id', 'organization_id', 'department_id', 'device_id'] as const
const PlaceSchema = Type.Pick(TelemetryMessage, PLACE_FIELDS)

/** Where in `"socket_id":"…` the id stands. */
const [ID_START, ID_END] = ['"socket_id":"'.length, '"socket_id":"'.length + 36]
/** What comes behind the place. */
const NEXT = ',"topic":'

/** More sockets than a writer has, and about 20 MB; above it all are read anew. */
const MOST = 50_000

/** The part of a message that names its socket. */
export interface KnownPlace {
  readonly socketId: string
  /** In lower case. */
  readonly deviceId: string | null
  /** Its text, and {@link NEXT}. */
  readonly json: string
}

/**
 * Reads `"socket_id":"…",…,"device_id":"…"` at `start` of a text, and remembers it by its socket: that spares parsing and
 * checking a third of each message. Null when something else is there.
 */
export function createKnownPlaces(): (text: string, start: number) => KnownPlace | null {
  const check = createCheck(PlaceSchema)
  const bySocket = new Map<string, KnownPlace>()

  function read(text: string, start: number): KnownPlace | null {
    const end = text.indexOf(NEXT, start)
    const checked = end === -1 ? null : check(parsed(`{${text.slice(start, end)}}`))
    if (checked === null || 'violation' in checked) return null
    // A copy: a slice would keep the whole message it was cut from.
    const json = Buffer.from(text.slice(start, end + NEXT.length)).toString()
    const { socket_id, device_id } = checked.value
    const known = { socketId: socket_id, deviceId: device_id?.toLowerCase() ?? null, json }
    if (bySocket.size >= MOST) bySocket.clear()
    bySocket.set(socket_id, known)
    return known
  }

  return (text, start) => {
    const known = bySocket.get(text.slice(start + ID_START, start + ID_END))
    // Compared with `===`, a slice takes a third of what `startsWith` takes.
    if (known && text.slice(start, start + known.json.length) === known.json) return known
    return read(text, start)
  }
}

/** Where what is of this message alone begins: `,"topic":…`. */
export const endOfPlace = (known: KnownPlace, start: number) => start + known.json.length - NEXT.length
