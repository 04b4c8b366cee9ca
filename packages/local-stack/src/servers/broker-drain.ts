import { setTimeout as sleep } from 'node:timers/promises'
import type { Aedes, Client } from 'aedes'

/** The product's own clients at a broker; all others are devices. */
const OURS = 'iomt-'
/** Between a PUBACK and the message's place in a session's queue the broker has a few turns of its event loop to go. */
const LOOK_AGAIN_AFTER = 50

/** Milliseconds. */
export interface DrainPatience {
  /** In which no message is acknowledged. */
  readonly idle: number
  readonly whole: number
}

/** Empties a broker whose queues are only in its memory before it may end. */
export interface BrokerDrain {
  /**
   * From now on no device is connected, so that nothing more is acknowledged to one; resolves once the gateways have
   * acknowledged what is on its way to them, or acknowledge nothing any more, or have taken too long, with the number of
   * messages that are left.
   */
  drain(patience: DrainPatience): Promise<number>
}

/** To be made before the broker accepts its first client. */
export function createBrokerDrain(broker: Aedes): BrokerDrain {
  const sessions = new Set<string>()
  const connected = new Set<Client>()
  let draining = false
  broker.on('clientReady', (client) => {
    connected.add(client)
    if (client.id.startsWith(OURS)) sessions.add(client.id)
    else if (draining) client.close()
  })
  broker.on('clientDisconnect', (client) => connected.delete(client))
  // Gateways may still come back: what waits for one that was cut off has nobody else to take it.
  broker.preConnect = (_client, packet, answer) => answer(null, !draining || packet.clientId.startsWith(OURS))

  async function left(): Promise<number> {
    const lengths = await Promise.all([...sessions].map((id) => queueLength(broker, id)))
    return lengths.reduce((sum, length) => sum + length, 0)
  }

  return {
    async drain(patience) {
      draining = true
      for (const client of connected) if (!client.id.startsWith(OURS)) client.close()
      const startedAt = performance.now()
      let fellAt = startedAt
      for (let before = await left(); ; ) {
        await sleep(LOOK_AGAIN_AFTER)
        const count = await left()
        const now = performance.now()
        if (count < before) fellAt = now
        if (count === 0 && before === 0) return 0
        if (now - fellAt >= patience.idle || now - startedAt >= patience.whole) return count
        before = count
      }
    },
  }
}

async function queueLength(broker: Aedes, clientId: string): Promise<number> {
  const { persistence } = broker as unknown as {
    persistence: { outgoingStream(client: { id: string }): AsyncIterable<unknown> }
  }
  let length = 0
  for await (const _packet of persistence.outgoingStream({ id: clientId })) length += 1
  return length
}
