import { connect, type Socket } from 'node:net'
import mqttPacket from 'mqtt-packet'
import { connectPacket } from './connect-packet.ts'
import { createPubackCounter } from './puback-counter.ts'
import { createReadingTemplate } from './reading-template.ts'

const LAST_PACKET_ID = 65_535
/** Bytes that wait in this process because the broker does not read; above it no more is written. */
const MOST_BUFFERED = 1_048_576

/** One publishing device with several sockets, such as a PDU: MQTT 3.1.1 on a raw TCP connection. */
export interface LoadConnection {
  /** Messages of one burst. */
  readonly sockets: number
  /** Bursts published so far: the number of readings of each of its sockets. */
  readonly bursts: number
  /** Published and not yet acknowledged by the broker. */
  readonly inFlight: number
  /** False while the broker does not take what was written. */
  readonly writable: boolean
  /** One reading of each socket in one write, as a PDU sends them. */
  publishBurst(clock: Uint8Array): void
  close(): void
}

export interface LoadConnectionOptions {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly topics: readonly string[]
  readonly onAcknowledged: (messages: number) => void
  /** The connection is of no use any more. */
  readonly onFailure: (reason: string) => void
}

/** Connects with a clean session; resolves after CONNACK. */
export async function openLoadConnection(options: LoadConnectionOptions): Promise<LoadConnection> {
  const { onAcknowledged, onFailure, topics } = options
  const templates = topics.map(createReadingTemplate)
  const burstLength = templates.reduce((total, template) => total + template.length, 0)
  const socket = await connectMqtt(options)
  let packetId = 0
  let published = 0
  const acknowledgements = createPubackCounter()
  let bursts = 0

  socket.on('data', (chunk: Buffer) => {
    try {
      // With keepalive 0 the broker sends nothing else.
      onAcknowledged(acknowledgements.add(chunk))
    } catch (error) {
      onFailure(error instanceof Error ? error.message : String(error))
    }
  })
  socket.on('error', (error) => onFailure(error.message))
  socket.on('close', () => onFailure('the broker closed the connection'))

  return {
    sockets: topics.length,
    get bursts() {
      return bursts
    },
    get inFlight() {
      return published - acknowledgements.count
    },
    get writable() {
      return socket.writableLength < MOST_BUFFERED
    },
    publishBurst(clock) {
      const burst = Buffer.allocUnsafe(burstLength)
      let offset = 0
      for (const template of templates) {
        packetId = packetId === LAST_PACKET_ID ? 1 : packetId + 1
        template.writeNext(burst, offset, packetId, clock)
        offset += template.length
      }
      socket.write(burst)
      published += templates.length
      bursts += 1
    },
    close() {
      socket.removeAllListeners('close')
      socket.end(mqttPacket.generate({ cmd: 'disconnect' }))
    },
  }
}

function connectMqtt({ host, port, clientId }: LoadConnectionOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const parser = mqttPacket.parser()
    const fail = (error: Error) => reject(new Error(`cannot connect to the broker: ${error.message}`, { cause: error }))
    socket.once('error', fail)
    socket.on('data', (chunk: Buffer) => parser.parse(chunk))
    parser.once('packet', (packet) => {
      socket.removeAllListeners('data')
      socket.removeListener('error', fail)
      if (packet.cmd === 'connack' && packet.returnCode === 0) resolve(socket)
      else reject(new Error(`the broker answered CONNECT with ${packet.cmd}`))
    })
    socket.once('connect', () => {
      socket.write(connectPacket(clientId))
    })
  })
}
