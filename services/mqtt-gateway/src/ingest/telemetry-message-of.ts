import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import type { DecodedReading } from '@iomt/payload-decoders/decoded-payload'
import type { Delivery } from '@iomt/socket-mqtt-client/socket-config'

/** The message on `iomt.v1.telemetry.…` for a decoded delivery. */
export function telemetryMessageOf(
  id: string,
  state: SocketDesiredState,
  delivery: Delivery,
  reading: DecodedReading,
  raw: unknown,
): TelemetryMessage {
  return {
    v: 1,
    id,
    socket_id: state.socket_id,
    socket_number: state.socket_number,
    pdu_id: state.pdu_id,
    organization_id: state.organization_id,
    department_id: state.department_id,
    device_id: state.device_id,
    topic: delivery.topic,
    received_at: delivery.receivedAt.toISOString(),
    measured_at: (reading.measuredAt ?? delivery.receivedAt).toISOString(),
    measured_at_source: reading.measuredAt ? 'device' : 'received',
    retained: delivery.retained,
    qos: delivery.qos,
    ...(delivery.redeliveredLate ? { redelivered: true } : {}),
    measurements: reading.measurements,
    extra: reading.extra,
    quality: reading.quality,
    decoder: reading.decoder,
    raw,
  }
}
