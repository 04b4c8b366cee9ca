import { type DeadLetterMessage, withPayload } from '@iomt/contracts/dead-letter'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Rejection } from '@iomt/payload-decoders/decoded-payload'
import type { Delivery } from '@iomt/socket-mqtt-client/socket-config'

/**
 * The dead letter of a delivery that became no reading, with all of its bytes that were kept where the NATS server takes a
 * message that large, else with as many as fit, and the whole size.
 */
export function deadLetterOf(
  id: string,
  state: SocketDesiredState,
  delivery: Delivery,
  rejection: Rejection,
  maxMessageBytes: number,
): DeadLetterMessage {
  const letter = {
    v: 1 as const,
    id,
    stage: 'decode' as const,
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
  }
  return withPayload(letter, delivery.payload, maxMessageBytes, delivery.payloadBytes)
}
