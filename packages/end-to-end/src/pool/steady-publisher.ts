import type { Ledger } from '@iomt/testing/ledger'
import mqtt, { type MqttClient } from 'mqtt'
import type { NumberedSocket } from '../ledger/publisher.ts'

/** Milliseconds between two groups of messages. */
const TICK = 25

export interface SteadyPublisherOptions {
  readonly brokerUrl: string
  readonly sockets: readonly NumberedSocket[]
  readonly messagesPerSecond: number
  readonly clients: number
  readonly ledger: Ledger
}

/** Publishes numbered readings at a steady rate, whatever happens to the gateways, until it is stopped. */
export interface SteadyPublisher {
  /** Waits for the acknowledgements that are still out. */
  stop(): Promise<void>
  readonly published: number
}

/**
 * Each reading carries its number (`energy`) and, in `extra.published_at`, when it left: what was received minus that is how
 * long it waited for a gateway.
 */
export async function startSteadyPublisher(options: SteadyPublisherOptions): Promise<SteadyPublisher> {
  const { sockets, ledger } = options
  const clients: MqttClient[] = await Promise.all(
    Array.from({ length: options.clients }, () => mqtt.connectAsync(options.brokerUrl)),
  )
  const outstanding = new Set<Promise<unknown>>()
  const startedAt = performance.now()
  let published = 0

  const tick = () => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * options.messagesPerSecond)
    while (published < due) {
      const socket = sockets[published % sockets.length] as NumberedSocket
      const sequence = Math.floor(published / sockets.length)
      const client = clients[published % clients.length] as MqttClient
      published += 1
      const payload = JSON.stringify({ voltage: 230, energy: sequence, published_at: Date.now() })
      const done = client
        .publishAsync(socket.topic, payload, { qos: 1 })
        .then(() => ledger.acknowledged(socket.socketId, sequence))
        .finally(() => outstanding.delete(done))
      outstanding.add(done)
    }
  }
  const timer = setInterval(tick, TICK)

  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(outstanding)
      await Promise.all(clients.map((client) => client.endAsync()))
    },
    get published() {
      return published
    },
  }
}
