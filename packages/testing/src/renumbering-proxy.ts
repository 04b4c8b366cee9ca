import { connect, createServer, type Socket } from 'node:net'
import mqttPacket, { type Packet } from 'mqtt-packet'

/** A proxy that makes of any MQTT 3.1.1 broker one that gives its messages packet ids from 1 in every connection. */
export interface RenumberingProxy {
  readonly port: number
  /** Resets all connections; new ones are taken. */
  cut(): void
  close(): Promise<void>
}

/**
 * Like RabbitMQ, which delivers again with DUP and under another packet id than before, though the standard has it keep the id
 * (MQTT-4.4.0-1). At QoS 1 only.
 */
export async function startRenumberingProxy(broker: { host: string; port: number }): Promise<RenumberingProxy> {
  const sockets = new Set<Socket>()
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ ...broker, noDelay: true })
    const brokersIds: number[] = []
    forward(target, client, (packet) => {
      if (packet.cmd !== 'publish' || packet.qos === 0) return packet
      brokersIds.push(packet.messageId as number)
      return { ...packet, messageId: ((brokersIds.length - 1) % 65_535) + 1 }
    })
    forward(client, target, (packet) => {
      if (packet.cmd !== 'puback') return packet
      // Acknowledged is one of the last, should the numbers have begun again.
      const from = Math.floor((brokersIds.length - (packet.messageId as number)) / 65_535) * 65_535
      return { ...packet, messageId: brokersIds[from + (packet.messageId as number) - 1] as number }
    })
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        target.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    cut,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cut()
      await closed
    },
  }
}

function forward(from: Socket, to: Socket, change: (packet: Packet) => Packet): void {
  const parser = mqttPacket.parser({ protocolVersion: 4 })
  parser.on('packet', (packet) => to.write(mqttPacket.generate(change(packet), { protocolVersion: 4 })))
  from.on('data', (chunk) => parser.parse(chunk))
}
