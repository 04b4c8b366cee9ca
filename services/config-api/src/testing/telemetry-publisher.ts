import type { Bus } from '@iomt/bus/connect'
import { telemetrySubject } from '@iomt/contracts/subjects'
import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { v7 as newId } from 'uuid'
import type { Body } from './api-client.ts'

/** A socket as the API shows it, with the codes of its place. */
export interface PublishingSocket {
  readonly organizationCode: string
  readonly departmentCode: string
  readonly pduCode: string
  readonly socket: Body
  readonly deviceId: string | null
}

export function telemetryMessage(from: PublishingSocket, fields: Partial<TelemetryMessage> = {}): TelemetryMessage {
  const now = new Date().toISOString()
  return {
    v: 1,
    id: newId(),
    socket_id: from.socket.id,
    socket_number: from.socket.socket_number,
    pdu_id: from.socket.pdu_id,
    organization_id: from.socket.organization_id,
    department_id: from.socket.department_id,
    device_id: from.deviceId,
    topic: 'hospital/socket',
    received_at: now,
    measured_at: now,
    measured_at_source: 'received',
    retained: false,
    qos: 1,
    measurements: { voltage: 230.1, active_power: 41.5 },
    extra: {},
    quality: [],
    decoder: 'flat-json@1',
    raw: { voltage: 230.1, power: 41.5 },
    ...fields,
  }
}

/** Puts a reading into the stream as a gateway does. @returns its sequence. */
export async function publishReading(
  bus: Bus,
  from: PublishingSocket,
  fields: Partial<TelemetryMessage> = {},
): Promise<number> {
  const place = {
    organization_code: from.organizationCode,
    department_code: from.departmentCode,
    pdu_code: from.pduCode,
    socket_number: from.socket.socket_number,
  }
  const message = telemetryMessage(from, fields)
  const subject = telemetrySubject(place, message.device_id)
  const { seq } = await bus.jetstream.publish(subject, JSON.stringify(message), { msgID: message.id })
  return seq
}
