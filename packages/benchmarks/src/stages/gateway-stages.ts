import type { OutgoingMessage, PipelinedPublisher } from '@iomt/bus/pipelined-publisher'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import { createIngest } from '@iomt/mqtt-gateway/ingest'
import { createMessageAssessments } from '@iomt/mqtt-gateway/message-assessments'
import { createGatewayMetrics } from '@iomt/mqtt-gateway/metrics'
import { createSocketDecoder } from '@iomt/payload-decoders/socket-decoder'
import type { DeliveryHandler } from '@iomt/socket-mqtt-client/socket-config'
import { Registry } from 'prom-client'
import { measureStage, type StageOptions, type StageResult } from './measure-stage.ts'
import { sampleDelivery, samplePayload, sampleSockets } from './sample-delivery.ts'

/** Deliveries between two turns of the event loop, about what one read from a broker's connection brings. */
const BATCH = 250

/** Decoding alone, and everything that the gateway does between MQTT and NATS. */
export async function measureGatewayStages(options: StageOptions): Promise<Record<string, StageResult>> {
  const now = Date.now()
  const payload = samplePayload(now)
  const context = { topic: sampleSockets()[0]?.topic ?? '', receivedAt: new Date(now) }
  const decoder = createSocketDecoder({ payloadConfig: null, timezone: 'UTC' })
  const decode = await measureStage(options, BATCH, () => {
    for (let index = 0; index < BATCH; index += 1) {
      if (decoder.decode(payload, context).ok !== true) throw new Error('the load publishes what cannot be decoded')
    }
  })
  const states = sampleSockets()
  const deliveries = Array.from({ length: BATCH }, (_, index) =>
    sampleDelivery(states[index % states.length] as SocketDesiredState, payload, now),
  )
  const ingest = ingestInto(
    instantPublisher(() => {}),
    states,
  )
  const whole = await measureStage(options, BATCH, () => {
    for (const delivery of deliveries) ingest(delivery, throwIfFailed)
  })
  return { 'decode and normalise a payload': decode, 'gateway ingest without MQTT and NATS': whole }
}

/** The messages on NATS that ingest makes of deliveries. */
export function encodedMessages(count: number, now: number): Buffer[] {
  const payload = samplePayload(now)
  const states = sampleSockets()
  const messages: Buffer[] = []
  const ingest = ingestInto(
    instantPublisher((message) => messages.push(Buffer.from(message.payload))),
    states,
  )
  for (let index = 0; index < count; index += 1) {
    ingest(sampleDelivery(states[index % states.length] as SocketDesiredState, payload, now), throwIfFailed)
  }
  return messages
}

function throwIfFailed(error?: Error | null): void {
  if (error) throw error
}

function ingestInto(publisher: PipelinedPublisher, states: readonly SocketDesiredState[]): DeliveryHandler {
  const bySocket = new Map(states.map((state) => [state.socket_id, state]))
  const figures = () => ({ sockets: 0, connections: 0, connected: 0, pendingBytes: 0, strays: 0 })
  const assessments = createMessageAssessments()
  return createIngest({
    publisher,
    deadLetterPublisher: publisher,
    life: () => 'benchmark',
    confirmLife: async () => true,
    desiredState: (config) => bySocket.get(config.socket_id) as SocketDesiredState,
    maxMessageBytes: () => 8_388_608,
    maxPayloadBytes: 262_144,
    storedId: async () => null,
    afterStore() {},
    onDeadLetter(socketId) {
      throw new Error(`socket ${socketId}: the load publishes what cannot be decoded`)
    },
    assessmentOf: (state) => assessments.of(state.socket_id, state.payload_config),
    onAvailability() {},
    onBirthMissing() {},
    metrics: createGatewayMetrics(new Registry(), figures, () => 0),
  })
}

/** A JetStream that has stored everything at once. */
function instantPublisher(onPublish: (message: OutgoingMessage) => void): PipelinedPublisher {
  let sequence = 0
  return {
    publish: () => Promise.reject(new Error('ingest publishes without promises')),
    publishThen(message, onPublished) {
      onPublish(message)
      sequence += 1
      onPublished(null, { stream: 'IOMT_TELEMETRY', sequence, duplicate: false, attempts: 1 })
    },
    pending: 0,
    obstacle: null,
    close() {},
  }
}
