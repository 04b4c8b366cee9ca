import { connectAsync, type MqttClient } from 'mqtt'
import { DEVICE_PROFILES } from './device-profiles.ts'
import type { EstatePdu } from './estate.ts'
import { createLoadCurve, type LoadCurve } from './load-curve.ts'
import { flatPayload } from './payload.ts'

/** Timers below that cost more than what they time. */
const SHORTEST_TICK = 10

export interface PublishOptions {
  readonly brokerUrl: string
  readonly estate: readonly EstatePdu[]
  /** Milliseconds between two readings of a socket. */
  readonly interval: number
  readonly now: () => number
  readonly report: (line: string) => void
}

/** Connects each PDU to the broker as a client of its own and publishes its sockets at QoS 1, evenly over the interval. */
export async function publishReadings(options: PublishOptions): Promise<{ stop(): Promise<void> }> {
  const { estate, interval, now, brokerUrl, report } = options
  const curves = new Map<string | null, LoadCurve>([[null, createLoadCurve(null)]])
  for (const profile of DEVICE_PROFILES) curves.set(profile.type, createLoadCurve(profile))
  const clients: MqttClient[] = []
  const timers: NodeJS.Timeout[] = []

  for (const pdu of estate) {
    const client = await connectAsync(brokerUrl, { clientId: `ward-${pdu.code}`, clean: true, reconnectPeriod: 1_000 })
    clients.push(client)
    client.on('error', (error) => report(`${pdu.code}: ${error.message}`))
    const slots = Math.max(1, Math.min(pdu.sockets.length, Math.floor(interval / SHORTEST_TICK)))
    let slot = 0
    const publish = () => {
      const time = now()
      // As a real PDU, it has no memory for what it measures while its broker is away.
      for (let index = slot; client.connected && index < pdu.sockets.length; index += slots) {
        const socket = pdu.sockets[index] as EstatePdu['sockets'][number]
        const reading = (curves.get(socket.deviceType) as LoadCurve)(time, socket.seed)
        const payload = flatPayload(reading, time, pdu.clock, pdu.timezone)
        client.publish(`${pdu.baseTopic}/${socket.suffix}`, payload, { qos: 1 }, () => undefined)
      }
      slot = (slot + 1) % slots
    }
    timers.push(setInterval(publish, interval / slots))
  }

  return {
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(clients.map((client) => client.endAsync(true).catch(() => undefined)))
    },
  }
}
