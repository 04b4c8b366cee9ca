import { createHash } from 'node:crypto'
import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { telemetrySubject } from '@iomt/contracts/subjects'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import type { DecodeResult } from '@iomt/payload-decoders/decoded-payload'

/** The telemetry message of a dead letter that is a reading now. */
export interface ReplayedReading {
  readonly id: string
  readonly receivedAt: Date
  readonly subject: string
  readonly text: string
}

/**
 * A UUIDv7 that is always the same for the same dead letter: the time of receipt and the dead letter's own count within its
 * millisecond, so that it sorts as it came, and a digest in the place of the random bits. Together with `received_at`, which stays, that is the key of its row: replayed twice, stored once.
 */
export function readingIdOf(id: string, receivedAt: Date): string {
  const deadLetterId = id.toLowerCase()
  const time = receivedAt.getTime().toString(16).padStart(12, '0')
  const digest = createHash('sha256').update(`replay:${deadLetterId}`).digest('hex')
  const variant = ((Number.parseInt(digest[3] as string, 16) & 3) | 8).toString(16)
  // The gateway's ids are UUIDv7, those of dead letters that the writer makes are not.
  const count = deadLetterId[14] === '7' ? deadLetterId.slice(15, 18) : digest.slice(0, 3)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`
}

/** `inner`: the message that could not be stored, of a dead letter of that stage. */
export function replayedReading(
  letter: DeadLetterMessage,
  inner: Partial<TelemetryMessage> | null,
  state: SocketDesiredState,
  { reading, rawJson }: Extract<DecodeResult, { ok: true }>,
): ReplayedReading {
  const receivedAt = new Date(letter.received_at)
  const id = readingIdOf(letter.id, receivedAt)
  const { measuredAt, phases, partial } = reading
  const message: Omit<TelemetryMessage, 'raw'> = {
    v: 1,
    id,
    socket_id: state.socket_id,
    socket_number: state.socket_number,
    pdu_id: state.pdu_id,
    organization_id: state.organization_id,
    department_id: state.department_id,
    // The device that was on the socket then, whatever is there now.
    device_id: letter.device_id,
    topic: letter.topic,
    received_at: receivedAt.toISOString(),
    measured_at: (measuredAt ?? receivedAt).toISOString(),
    measured_at_source: measuredAt ? 'device' : 'received',
    retained: letter.retained ?? inner?.retained ?? false,
    qos: letter.qos ?? inner?.qos ?? 0,
    measurements: reading.measurements,
    ...(phases === null ? {} : { phases: { ...phases } }),
    ...(partial ? { partial } : {}),
    extra: reading.extra,
    quality: [...reading.quality, 'replayed'],
    decoder: reading.decoder,
  }
  const text = `${JSON.stringify(message).slice(0, -1)},"raw":${rawJson}}`
  return { id, receivedAt, subject: telemetrySubject(state, letter.device_id), text }
}
