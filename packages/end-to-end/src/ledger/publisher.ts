import type { Ledger } from '@iomt/testing/ledger'
import mqtt, { type MqttClient } from 'mqtt'

/** Unacknowledged messages of one publishing client. */
const WINDOW = 100

export interface NumberedSocket {
  readonly socketId: string
  readonly topic: string
}

export interface PublisherOptions {
  readonly brokerUrl: string
  readonly sockets: readonly NumberedSocket[]
  /** Messages in all, dealt to the sockets in turn. */
  readonly messages: number
  readonly clients: number
  /** Nothing is published while it answers true. */
  readonly paused: () => boolean
  readonly ledger: Ledger
  /** Called for each number that is about to be published. */
  readonly onProgress: (published: number) => void
}

/**
 * Publishes numbered readings at QoS 1 and enters in the ledger what the broker acknowledged. A message whose
 * acknowledgement was cut off is published under a new number, never again under its own: it may have got through, and a
 * device's own repetition is not what these tests are about.
 */
export async function publishNumbered(options: PublisherOptions): Promise<void> {
  let acknowledged = 0
  const nextNumber = options.sockets.map(() => 0)
  let turn = 0

  async function work(): Promise<void> {
    while (acknowledged < options.messages) {
      const client = await connectPatiently(options.brokerUrl)
      await publishUntilClosed(client)
      client.end(true)
    }
  }

  function publishUntilClosed(client: MqttClient): Promise<void> {
    return new Promise((resolve) => {
      let inFlight = 0
      let closed = false
      client.on('close', () => {
        closed = true
        clearInterval(pace)
        resolve()
      })
      const fill = () => {
        while (!closed && inFlight < WINDOW && acknowledged + inFlight < options.messages && !options.paused()) {
          const index = turn % options.sockets.length
          turn += 1
          const socket = options.sockets[index] as NumberedSocket
          const sequence = nextNumber[index] as number
          nextNumber[index] = sequence + 1
          inFlight += 1
          client.publish(socket.topic, JSON.stringify({ voltage: 230, energy: sequence }), { qos: 1 }, (error) => {
            if (error || closed) return
            inFlight -= 1
            acknowledged += 1
            options.ledger.acknowledged(socket.socketId, sequence)
            options.onProgress(acknowledged)
            if (acknowledged >= options.messages) resolve()
            else fill()
          })
        }
        if (inFlight === 0 && acknowledged >= options.messages) resolve()
      }
      const pace = setInterval(fill, 5)
      fill()
    })
  }

  await Promise.all(Array.from({ length: options.clients }, work))
}

async function connectPatiently(url: string): Promise<MqttClient> {
  for (;;) {
    try {
      const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, connectTimeout: 2_000 }, false)
      client.on('error', () => {})
      return client
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
