import { createServer, type Socket } from 'node:net'
import { freePort } from '@iomt/testing/free-port'
import type { SocketConfig } from '../socket-config.ts'
import { cleanUps } from './mqtt-parties.ts'
import { testSocket } from './socket.ts'

/** A broker of a few bytes: `answer` is called with each packet that comes. */
export async function handWritten(answer: (packet: Buffer, connection: Socket) => void): Promise<SocketConfig> {
  const server = createServer((connection) => {
    connection.on('error', () => {})
    connection.on('data', (packet) => answer(packet, connection))
    cleanUps.push(() => connection.destroy())
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  return testSocket(`mqtt://127.0.0.1:${port}`, { topic: 't' })
}

export const [CONNECT, SUBSCRIBE] = [0x10, 0x82] as const
export const CONNACK = Buffer.from([0x20, 2, 0, 0])
export const subackOf = (subscribe: Buffer) => Buffer.from([0x90, 3, ...subscribe.subarray(2, 4), 1])
