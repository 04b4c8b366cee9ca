import { createHash } from 'node:crypto'
import type { DeadLetterMessage } from '@iomt/contracts/dead-letter'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Rejection } from '@iomt/payload-decoders/decoded-payload'
import type { Delivery } from '@iomt/socket-mqtt-client/socket-config'

/** Room for the envelope around the payload: topic up to 64 KiB, the rest well under 4 KiB. */
const ENVELOPE_BYTES = 70_000

/**
 * The dead letter of a delivery that became no reading, with all of its bytes where the NATS server takes a message that
 * large, else with as many as fit, the whole size and the whole digest.
 */
export function deadLetterOf(
  id: string,
  state: SocketDesiredState,
  delivery: Delivery,
  rejection: Rejection,
  maxMessageBytes: number,
): DeadLetterMessage {
  const { payload } = delivery
  const room = Math.max(0, Math.floor(((maxMessageBytes - ENVELOPE_BYTES) * 3) / 4))
  return {
    v: 1,
    id,
    stage: 'decode',
    reason: rejection.reason,
    detail: rejection.detail,
    socket_id: state.socket_id,
    device_id: state.device_id,
    pdu_id: state.pdu_id,
    organization_id: state.organization_id,
    topic: delivery.topic,
    received_at: delivery.receivedAt.toISOString(),
    qos: delivery.qos,
    retained: delivery.retained,
    payload_base64: payload.subarray(0, room).toString('base64'),
    payload_bytes: payload.length,
    payload_sha256: createHash('sha256').update(payload).digest('hex'),
    payload_truncated: payload.length > room,
  }
}
