import type { Bus } from '@iomt/bus/connect'
import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import { deadLetterSubject } from '@iomt/contracts/subjects'
import { v7 as newId } from 'uuid'
import type { PublishingSocket } from './telemetry-publisher.ts'

/** Puts a payload that was not understood into the stream as a gateway does. */
export async function publishDeadLetter(
  bus: Bus,
  from: PublishingSocket,
  payload: Buffer,
  fields: Partial<DeadLetterMessage> = {},
): Promise<DeadLetterMessage> {
  const place = {
    organization_code: from.organizationCode,
    department_code: from.departmentCode,
    pdu_code: from.pduCode,
    socket_number: from.socket.socket_number,
  }
  const letter: DeadLetterMessage = {
    v: 1,
    id: newId(),
    stage: 'decode',
    reason: 'no-known-field',
    detail: 'none of the fields is known (found: a)',
    socket_id: from.socket.id,
    device_id: null,
    pdu_id: from.socket.pdu_id,
    organization_id: from.socket.organization_id,
    topic: from.socket.topic,
    received_at: new Date().toISOString(),
    payload_base64: payload.toString('base64'),
    payload_bytes: payload.length,
    payload_sha256: '',
    payload_truncated: false,
    ...fields,
  }
  await bus.jetstream.publish(deadLetterSubject(letter.stage, place), JSON.stringify(letter), { msgID: letter.id })
  return letter
}
