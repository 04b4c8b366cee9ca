import { randomUUID } from 'node:crypto'
import type { PayloadConfig } from '@iomt/contracts/payload-config'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Delivery } from '@iomt/socket-mqtt-client/socket-config'
import { clockText, readingPayload } from '../load/reading-template.ts'
import { describeEstate } from '../pipeline/estate.ts'

/** The sockets of one PDU as the gateway knows them. */
export const sampleSockets = (): readonly SocketDesiredState[] => describeEstate('mqtt://127.0.0.1:1883', 25)[0] ?? []

/** A payload of the load, measured now. */
export const samplePayload = (now: number): Buffer =>
  Buffer.from(readingPayload().replace(/"timestamp":"[^"]*"/, `"timestamp":"${clockText(now)}"`))

/** What the MQTT side hands to ingest for a socket's message. */
export function sampleDelivery(state: SocketDesiredState, payload: Buffer, now: number): Delivery {
  return {
    socket: {
      socket_id: state.socket_id,
      socket_number: state.socket_number,
      organization_id: state.organization_id,
      partition: 0,
      topic: state.topic ?? '',
      mqtt_broker_host: state.broker?.host ?? '',
      mqtt_broker_port: state.broker?.port ?? 0,
      mqtt_credentials: {},
      mqtt_config: {},
    },
    topic: state.topic ?? '',
    payload,
    payloadBytes: payload.length,
    qos: 1,
    retained: false,
    receivedAt: new Date(now),
    deliveryKey: randomUUID(),
    possiblyRedelivered: false,
    redeliveredLate: false,
  }
}

/** The load's message as a mapping that somebody wrote would read it. */
export const sampleMapping = (): PayloadConfig => ({
  mapping: {
    measurements: {
      voltage: { pointer: '/voltage' },
      current: { pointer: '/current' },
      active_power: { pointer: '/power' },
      power_factor: { pointer: '/power_factor' },
      frequency: { pointer: '/frequency' },
      energy: { pointer: '/energy' },
      relay_on: { pointer: '/socket_state' },
    },
    extra: { machine_state: { pointer: '/machine_state' } },
    timestamp: { pointer: '/timestamp' },
  },
})
