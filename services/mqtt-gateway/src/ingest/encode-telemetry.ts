import { isEmpty } from '@iomt/contracts/is-empty'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { telemetrySubject } from '@iomt/contracts/subjects'
import type { DecodedReading } from '@iomt/payload-decoders/decoded-payload'
import type { Delivery } from '@iomt/socket-mqtt-client/socket-config'

export interface EncodedTelemetry {
  /** `iomt.v1.telemetry.…` */
  readonly subject: string
  /** A `TelemetryMessage` in JSON. */
  readonly payload: Buffer
}

/** What all messages of a socket have in common, until its configuration changes. */
interface SocketPart {
  readonly subject: string
  readonly json: string
  /** Of nearly all its messages the same; others with `payload_config.subtree`. */
  readonly topicJson: (topic: string) => string
}

/**
 * Writes the telemetry message of a reading. The part that names the socket is written once a socket, and the payload is
 * taken over as it came instead of being made from its parsed form again: 1.3 µs a message against 3.5 µs of
 * `JSON.stringify` on the whole.
 */
export function createTelemetryEncoder(): (
  id: string,
  state: SocketDesiredState,
  delivery: Delivery,
  reading: DecodedReading,
  rawJson: string,
) => EncodedTelemetry {
  const socketParts = new WeakMap<SocketDesiredState, SocketPart>()
  const receivedText = createIsoTime()
  const measuredText = createIsoTime()
  const decoderJson = createJsonOfText()

  function socketPart(state: SocketDesiredState): SocketPart {
    const known = socketParts.get(state)
    if (known) return known
    const { socket_id, socket_number, pdu_id, organization_id, department_id, device_id } = state
    const fields = JSON.stringify({ socket_id, socket_number, pdu_id, organization_id, department_id, device_id })
    const part = {
      subject: telemetrySubject(state, device_id),
      json: fields.slice(1, -1),
      topicJson: createJsonOfText(),
    }
    socketParts.set(state, part)
    return part
  }

  return (id, state, delivery, reading, rawJson) => {
    const part = socketPart(state)
    const receivedAt = receivedText(delivery.receivedAt)
    const measuredAt = reading.measuredAt ? measuredText(reading.measuredAt) : receivedAt
    const source = reading.measuredAt ? 'device' : 'received'
    const redelivered = delivery.redeliveredLate ? ',"redelivered":true' : ''
    const phases = reading.phases === null ? '' : `,"phases":${JSON.stringify(reading.phases)}`
    const partial = reading.partial ? ',"partial":true' : ''
    const json =
      `{"v":1,"id":"${id}",${part.json},"topic":${part.topicJson(delivery.topic)}` +
      `,"received_at":"${receivedAt}","measured_at":"${measuredAt}","measured_at_source":"${source}"` +
      `,"retained":${delivery.retained},"qos":${delivery.qos}${redelivered}` +
      `,"measurements":${JSON.stringify(reading.measurements)}${phases}${partial}` +
      `,"extra":${isEmpty(reading.extra) ? '{}' : JSON.stringify(reading.extra)}` +
      `,"quality":${reading.quality.length === 0 ? '[]' : JSON.stringify(reading.quality)}` +
      `,"decoder":${decoderJson(reading.decoder)},"raw":${rawJson}}`
    return { subject: part.subject, payload: Buffer.from(json) }
  }
}

/** A text that is nearly always the one before. */
function createJsonOfText(): (text: string) => string {
  let last = ''
  let json = '""'
  return (text) => {
    if (text !== last) {
      last = text
      json = JSON.stringify(text)
    }
    return json
  }
}

/** `toISOString`, which costs 0.4 µs, only when the second is another one than before. */
function createIsoTime(): (time: Date) => string {
  let lastSecond = Number.NaN
  let upToSecond = ''
  return (time) => {
    const milliseconds = time.getTime()
    const second = Math.floor(milliseconds / 1_000)
    if (second !== lastSecond) {
      lastSecond = second
      upToSecond = time.toISOString().slice(0, -4)
    }
    return `${upToSecond}${String(milliseconds - second * 1_000).padStart(3, '0')}Z`
  }
}
