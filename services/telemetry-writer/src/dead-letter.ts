import { createHash } from 'node:crypto'
import type { PipelinedPublisher } from '@iomt/bus/pipelined-publisher'
import { type DeadLetterMessage, withPayload } from '@iomt/contracts/dead-letter'
import { NO_TOKEN } from '@iomt/contracts/subjects'
import { parsed, textOf } from './consume/decode.ts'
import { type Delivery, deliveryInfo } from './consume/delivery.ts'
import { withoutRaw } from './consume/split-raw.ts'

/** A message that will never be stored, and why. */
export interface Rejection {
  readonly delivery: Delivery
  readonly reason: 'contract-violation' | 'rejected-by-database'
  readonly detail: string
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Resolves once the dead-letter stream holds the rejection; the same delivery again is recognised by its message id. */
export function createDeadLetters(
  publisher: PipelinedPublisher,
  maxPayload: () => number,
  now: () => number,
): (rejection: Rejection) => Promise<void> {
  return async (rejection) => {
    const message = deadLetterMessage(rejection, maxPayload(), new Date(now()).toISOString())
    const subject = deadLetterSubjectOf(rejection.delivery.subject)
    await publisher.publish({ subject, payload: Buffer.from(JSON.stringify(message)), messageId: message.id })
  }
}

/** `iomt.v1.{telemetry|status}.{organization}.{department}.{pdu}.{socket_number}…` -> where its dead letters go. */
export function deadLetterSubjectOf(subject: string): string {
  const tokens = subject.split('.')
  const place = [3, 4, 5, 6].map((index) => tokens[index] ?? NO_TOKEN)
  return `iomt.v1.deadletter.store.${place.join('.')}`
}

/** The dead letter of a message; of one that is no telemetry message at all, as much as can be read. */
export function deadLetterMessage(
  { delivery, reason, detail }: Rejection,
  maxPayload: number,
  at: string,
): DeadLetterMessage {
  const { data } = delivery
  const hash = createHash('sha256').update(data).digest('hex')
  const fields = readFields(data)
  const id = (name: string) => {
    const value = fields[name]
    return typeof value === 'string' && UUID.test(value) ? value : null
  }
  const text = (name: string) => (typeof fields[name] === 'string' ? (fields[name] as string) : null)
  const receivedAt = text('received_at')
  const letter = {
    v: 1 as const,
    // Two messages of equal bytes are two dead letters, the same one delivered again is not: the stream's sequence tells.
    id: uuidOf(`${deliveryInfo(delivery).streamSequence}:${hash}`),
    stage: 'store' as const,
    reason,
    detail: detail.slice(0, 1_024),
    socket_id: id('socket_id'),
    device_id: id('device_id'),
    pdu_id: id('pdu_id'),
    organization_id: id('organization_id'),
    topic: text('topic')?.slice(0, 65_535) ?? '',
    received_at: receivedAt !== null && !Number.isNaN(Date.parse(receivedAt)) ? new Date(receivedAt).toISOString() : at,
  }
  return withPayload(letter, data, maxPayload)
}

/** Those of the rest, when only the payload is no JSON. */
function readFields(data: Uint8Array): Record<string, unknown> {
  const text = textOf(data)
  const value = parsed(text) ?? parsed(withoutRaw(text) ?? '')
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** A UUID of version 8 (RFC 9562: bits of one's own making) that is always the same for the same text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
