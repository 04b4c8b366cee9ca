import type { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { type Reading, toReading } from '../store/reading.ts'

/** `00000000-0000-7000-8000-…`: distinct ids that a person can read in a failure. */
export function testId(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

/** A valid telemetry message of socket 1 and device 2, its fields in the order in which the gateway writes them. */
export function telemetryMessage({ id, ...overrides }: Partial<TelemetryMessage> & { id: string }): TelemetryMessage {
  const receivedAt = overrides.received_at ?? '2026-11-23T09:00:00.123Z'
  return {
    v: 1,
    id,
    socket_id: testId(0xa01),
    socket_number: 1,
    pdu_id: testId(0xb01),
    organization_id: testId(0xc01),
    department_id: null,
    device_id: testId(0xd01),
    topic: 'hopt/tang3/pkt/socket1',
    received_at: receivedAt,
    measured_at: receivedAt,
    measured_at_source: 'received',
    retained: false,
    qos: 1,
    measurements: { voltage: 220.5, current: 2.3 },
    extra: {},
    quality: [],
    decoder: 'flat-json@1',
    raw: { voltage: 220.5, current: 2.3 },
    ...overrides,
  }
}

/** The message as the writer holds it. */
export function readingOf(message: TelemetryMessage): Reading {
  return toReading(message, JSON.stringify(message.raw))
}
