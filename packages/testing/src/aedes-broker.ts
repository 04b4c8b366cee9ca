import { createServer, type Socket } from 'node:net'
import { Aedes } from 'aedes'

/** How a test wants its in-process broker. */
export interface StartAedesOptions {
  /** Default: a free one. */
  port?: number
}

/**
 * An in-process MQTT 3.1.1 broker over TCP. It refuses MQTT 5, accepts but never serves `$share/`, and does not set DUP
 * on what it delivers again; its sessions live in memory until `stop`.
 */
export interface AedesBroker {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Ids of the connected clients. */
  clientIds(): string[]
  /** Closes one client's connection without a word, as a broken network does; false when it is not connected. */
  disconnect(clientId: string): boolean
  stop(): Promise<void>
}

/** Starts a broker in this process. */
export async function startAedes({ port = 0 }: StartAedesOptions = {}): Promise<AedesBroker> {
  const broker = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const connected = new Map<string, { conn: { destroy(): void } }>()
  broker.on('clientReady', (client) => connected.set(client.id, client))
  broker.on('clientDisconnect', (client) => {
    if (connected.get(client.id) === client) connected.delete(client.id)
  })

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    broker.handle(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port

  return {
    url: `mqtt://127.0.0.1:${boundPort}`,
    host: '127.0.0.1',
    port: boundPort,
    clientIds: () => [...connected.keys()],
    disconnect(clientId) {
      const client = connected.get(clientId)
      client?.conn.destroy()
      return client !== undefined
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      await closed
    },
  }
}
